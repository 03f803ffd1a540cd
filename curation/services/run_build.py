"""Have a worker run a recipe, and take the run up again when the worker was lost."""

from __future__ import annotations

from django.db import transaction

from curation.models import FilterRecipe, RecipeRun, User
from curation.services.recipe_run import recipe_funnel
from curation.services.report_work import ReportWork


def run_request(*, recipe: FilterRecipe, user: User | None) -> RecipeRun:
    """Queue a run; the one of this recipe that is on its way, where there is one."""
    return WORK.request(recipe=recipe, fields={"created_by": user})


def run_build(*, run_id: int) -> None:
    """Run the recipe; does nothing where another worker does."""
    WORK.run(run_id, _compute)


def runs_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(run: RecipeRun) -> None:
    with WORK.beating(run), transaction.atomic():
        WORK.finish(run, **recipe_funnel(run.recipe))


def _send(run_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.run_build.delay(run_id)


WORK = ReportWork(RecipeRun, "run", "Run the recipe again.", _send, ("recipe__project",))
