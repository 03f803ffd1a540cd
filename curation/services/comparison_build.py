"""Have two versions compared, and take a comparison up again when its worker was lost."""

from __future__ import annotations

from curation.dataset_compare import build_report
from curation.models import DatasetComparison, DatasetVersion, User
from curation.services.report_work import ReportWork


def comparison_request(
    *, old: DatasetVersion, new: DatasetVersion, user: User | None, again: bool = False
) -> DatasetComparison:
    """The comparison that is there: versions never change. Where there is none, or scores are to be read
    `again`, one that is queued, or on its way already."""
    done = DatasetComparison.objects.filter(old=old, new=new, state=DatasetComparison.State.DONE).first()
    if done is not None and not again:
        return done
    return WORK.request(old=old, new=new, fields={"created_by": user})


def comparison_build(*, comparison_id: int) -> None:
    """Compare; does nothing where another worker does."""
    WORK.run(comparison_id, _compute)


def comparisons_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(comparison: DatasetComparison) -> None:
    with WORK.beating(comparison):  # one query of a large version can take a minute
        report = build_report(comparison.old, comparison.new)
    WORK.finish(comparison, report=report)


def _send(comparison_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.comparison_build.delay(comparison_id)


WORK = ReportWork(DatasetComparison, "comparison", "Press “Compare” to try again.", _send, ("old", "new"))
