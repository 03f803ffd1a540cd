"""A freeze on its way to the worker: `python -m tests.faults.freeze_seed freezing JSON`."""

from __future__ import annotations

import json
import sys

import django

django.setup()

from curation.models import User  # noqa: E402
from curation.services.freeze_build import freeze_request  # noqa: E402
from curation.services.project_create import project_create  # noqa: E402
from curation.services.recipe_run import recipe_run  # noqa: E402
from tests.curation.recipe_data import judged_pair, saved_recipe  # noqa: E402


def freezing(*, slug: str) -> int:
    """Of three pairs, one is dropped."""
    owner, _ = User.objects.get_or_create(username="freezer")
    project = project_create(name=slug, slug=slug, owner=owner)
    for p in (0.9, 0.1, 0.6):
        judged_pair(project, p)
    run = recipe_run(recipe=saved_recipe(project), user=owner)
    return freeze_request(run=run, user=owner).pk


if __name__ == "__main__":
    print(freezing(**json.loads(sys.argv[2])))  # noqa: T201 -- the result goes to whoever asked
