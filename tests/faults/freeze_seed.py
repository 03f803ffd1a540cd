"""A freeze on its way to the worker."""

from __future__ import annotations

from curation.models import User
from curation.services.freeze_build import freeze_request
from curation.services.project_create import project_create
from curation.services.recipe_run import recipe_run
from tests.curation.recipe_data import judged_pair, saved_recipe


def freezing(*, slug: str) -> int:
    """Of three pairs, one is dropped."""
    owner, _ = User.objects.get_or_create(username="freezer")
    project = project_create(name=slug, slug=slug, owner=owner)
    for p in (0.9, 0.1, 0.6):
        judged_pair(project, p)
    run = recipe_run(recipe=saved_recipe(project), user=owner)
    return freeze_request(run=run, user=owner).pk
