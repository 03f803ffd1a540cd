"""Apply a recipe to the project as it stands now."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from django.db import transaction
from django.utils import timezone

from curation.models import FilterRecipe, RecipeRun, User
from curation.recipes.funnel import Funnel, run_steps
from curation.recipes.pool import Pool
from curation.recipes.steps import ConsensusExists, parse_steps
from curation.services.consensus_refresh import consensus_refresh


@transaction.atomic
def recipe_run(*, recipe: FilterRecipe, user: User | None) -> RecipeRun:
    """Run it here and keep the funnel; nothing is frozen by it. Pages ask a worker: `run_request`."""
    now = timezone.now()
    found = recipe_funnel(recipe)
    return RecipeRun.objects.create(
        recipe=recipe,
        created_by=user,
        state=RecipeRun.State.DONE,
        started_at=now,
        finished_at=timezone.now(),
        **found,
    )


def recipe_funnel(recipe: FilterRecipe) -> dict[str, Any]:
    """What a run finds now, by the fields of `RecipeRun`. Call inside a transaction."""
    started = perf_counter()
    pool, funnel = recipe_apply(recipe)
    return {
        "funnel": funnel.report,
        "pairs_in": len(pool),
        "pairs_kept": len(funnel.kept),
        "seconds": perf_counter() - started,
    }


def recipe_apply(recipe: FilterRecipe) -> tuple[Pool, Funnel]:
    """Bring each consensus that the recipe asks for up to date, then run its steps; inside a transaction."""
    steps = parse_steps(recipe.steps)
    methods = [step.method for step in steps if isinstance(step, ConsensusExists)]
    for method in dict.fromkeys(methods):
        consensus_refresh(project=recipe.project, method=method)
    pool = Pool(recipe.project, methods[0])
    return pool, run_steps(pool, steps)
