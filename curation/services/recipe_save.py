"""Save a recipe. What was saved stays: changed steps are the next version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from curation.models import FilterRecipe, Project, ScoreProducer, User
from curation.recipes.base import RecipeError, Step
from curation.recipes.steps import completed, parse_steps
from curation.scorers import scorer_name

NAME_LENGTH = 80


@transaction.atomic
def recipe_save(
    *, project: Project, name: str, steps: Sequence[dict[str, Any]], user: User | None
) -> FilterRecipe:
    """The newest version of `name`, which has these steps; a new one only if they differ from the last."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LENGTH:
        raise RecipeError(f"Give the recipe a name of 1 to {NAME_LENGTH} characters.")
    typed = parse_steps(steps)
    _check_producers(project, typed)
    canonical = [step.model_dump(mode="json") for step in typed]
    # Two savers at once would take the same version number.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    last = FilterRecipe.objects.filter(project=project, name=name).order_by("-version").first()
    if last is not None and completed(last.steps) == canonical:
        return last
    return FilterRecipe.objects.create(
        project=project,
        name=name,
        version=last.version + 1 if last else 1,
        steps=canonical,
        created_by=user,
    )


def _check_producers(project: Project, steps: Sequence[Step]) -> None:
    wanted = {named for step in steps for named in step.scores.values()}
    known = set(
        ScoreProducer.objects.filter(project=project, pk__in=[producer for _, producer in wanted])
        .order_by()
        .values_list("scorer", "pk")
    )
    for scorer, _ in sorted(wanted - known):
        raise RecipeError(
            f"This project has no such {scorer_name(scorer)} scores. Choose others, or the newest."
        )
