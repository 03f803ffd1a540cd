"""Start a project."""

from __future__ import annotations

from itertools import count

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from curation.models import Membership, Project, Role, User

SLUG_TRIES = 50


def project_create(*, name: str, owner: User, slug: str = "", description: str = "") -> Project:
    """A project owned by `owner`. Without a `slug`, one is made from the name and numbered until free."""
    if slug:
        return _create(name, owner, slug, description)
    stem = slugify(name)[:50] or "project"
    for number in count(1):
        try:
            return _create(name, owner, stem if number == 1 else f"{stem}-{number}", description)
        except IntegrityError:
            if number >= SLUG_TRIES:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _create(name: str, owner: User, slug: str, description: str) -> Project:
    project = Project.objects.create(name=name, slug=slug, description=description)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    return project
