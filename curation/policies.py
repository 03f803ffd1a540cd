"""Who may do what in a project. Views call one of these on their first line.

Someone who may not gets 404, never 403: an outsider learns nothing, not even that a project exists.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest

from config.compiled import Compiled, Given
from curation.models import Membership, Project, Role, User

EVERYONE = frozenset({Role.OWNER, Role.RESEARCHER, Role.REVIEWER, Role.ANNOTATOR})
REVIEWERS = frozenset({Role.OWNER, Role.RESEARCHER, Role.REVIEWER})
RESEARCHERS = frozenset({Role.OWNER, Role.RESEARCHER})
OWNERS = frozenset({Role.OWNER})

MEMBERSHIP = Compiled(
    lambda: Membership.objects.filter(user=Given("user"), project__slug=Given("slug")).select_related(
        "project", "user"
    )
)


@dataclass(frozen=True)
class Access:
    """A logged-in member's standing in one project."""

    project: Project
    user: User
    role: Role

    @property
    def is_owner(self) -> bool:
        return self.role in OWNERS

    @property
    def is_researcher(self) -> bool:
        return self.role in RESEARCHERS

    @property
    def is_reviewer(self) -> bool:
        return self.role in REVIEWERS


def project_access(request: HttpRequest, slug: str, roles: frozenset[Role]) -> Access:
    """The caller's access to the project, or Http404 unless their role is one of `roles`.

    Use behind `login_required`. Sets `request.access`, from which the page header reads the project.
    """
    membership = MEMBERSHIP.first(user=request.user.pk, slug=slug)
    if membership is None or membership.role not in roles:
        raise Http404("No such project.")
    access = Access(membership.project, membership.user, Role(membership.role))
    request.access = access  # type: ignore[attr-defined]  # read by the base template only
    return access


def member_access(request: HttpRequest, slug: str) -> Access:
    """Any member."""
    return project_access(request, slug, EVERYONE)


def reviewer_access(request: HttpRequest, slug: str) -> Access:
    """Owner, researcher or reviewer: may read other people's answers."""
    return project_access(request, slug, REVIEWERS)


def researcher_access(request: HttpRequest, slug: str) -> Access:
    """Owner or researcher: imports, samples, judges, filters, freezes, trains."""
    return project_access(request, slug, RESEARCHERS)


def owner_access(request: HttpRequest, slug: str) -> Access:
    """Owner: decides who is in the project."""
    return project_access(request, slug, OWNERS)
