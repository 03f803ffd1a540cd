"""Have a worker freeze a version, and take it up again when the worker was lost."""

from __future__ import annotations

from django.db import transaction

from curation.models import DatasetFreeze, RecipeRun, User
from curation.services.bias_build import bias_request
from curation.services.dataset_freeze import dataset_freeze
from curation.services.report_work import ReportWork


def freeze_request(*, run: RecipeRun, user: User | None, note: str = "") -> DatasetFreeze:
    """Queue the freeze of what the run's recipe keeps; the one of this run on its way, where there is one."""
    return WORK.request(run=run, fields={"created_by": user, "note": note})


def freeze_build(*, freeze_id: int) -> None:
    """Freeze the version; does nothing where another worker has it."""
    WORK.run(freeze_id, _compute)


def freezes_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(freeze: DatasetFreeze) -> None:
    # One transaction: a worker that was given up for lost leaves no second version behind.
    with WORK.beating(freeze), transaction.atomic():
        version = dataset_freeze(recipe=freeze.run.recipe, user=freeze.created_by, note=freeze.note)
        WORK.finish(freeze, version=version)
        # What the card says of agreement and biases takes as long again: the version need not wait for it.
        bias_request(version=version, user=freeze.created_by)


def _send(freeze_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.freeze_build.delay(freeze_id)


WORK = ReportWork(
    DatasetFreeze, "freeze", "Press “Freeze” to try again.", _send, ("run__recipe", "created_by")
)
