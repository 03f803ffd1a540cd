"""Ask for a cleaning report, build it, and take it up again when its worker was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from curation.bulk import copy_in
from curation.cleaning import Beat, Found, find_duplicates, find_personal_data
from curation.models import CleaningReport, Project, User

logger = logging.getLogger(__name__)

Kind, State = CleaningReport.Kind, CleaningReport.State
FINDERS: dict[str, Callable[[CleaningReport, Beat], Found]] = {
    Kind.DUPLICATES: find_duplicates,
    Kind.PATTERNS: find_personal_data,
}
MAX_ATTEMPTS = 3
# A report shows a sign of life after each of its parts; the longest takes some seconds for 100,000 prompts.
PARTS_APART = 4
UNEXPECTED = (
    "An unexpected error stopped the search; the operator finds the details in the log. "
    "Start it again to try once more."
)
GIVEN_UP = (
    f"The worker was lost {MAX_ATTEMPTS} times during this search; it may have run out of memory. "
    "Ask the operator to look at the worker's log before you start it again."
)


class ReportTakenOverError(Exception):
    """Another worker has the report by now; this one stops without a trace."""


@transaction.atomic
def cleaning_request(
    *, project: Project, kind: str, params: dict[str, Any], user: User | None
) -> CleaningReport:
    """Queue a search; the one of its kind that is on its way, where there is one."""
    try:
        with transaction.atomic():
            report = CleaningReport.objects.create(
                project=project, kind=kind, params=params, created_by=user, heartbeat_at=timezone.now()
            )
    except IntegrityError:
        waiting = CleaningReport.objects.filter(project=project, kind=kind)
        return waiting.filter(state__in=[State.QUEUED, State.RUNNING]).get()
    # robust: with the broker down the report waits as queued, and recovery sends it.
    transaction.on_commit(lambda: _send(report.pk), robust=True)
    return report


def cleaning_build(*, report_id: int) -> None:
    """Search and store what is found; does nothing where another worker has the report."""
    report = _claim(report_id)
    if report is None:
        return
    try:
        _store(report, FINDERS[report.kind](report, lambda: _beat(report)))
    except ReportTakenOverError:
        logger.warning("stopped: cleaning report %s was taken over", report_id)
    except DatabaseError:
        raise  # left running: `cleaning_recover` sends it again once the database answers
    except Exception:  # process boundary: the row must not stay "running" for ever
        logger.exception("cleaning report %s failed", report_id)
        _finish(report, {"state": State.FAILED, "error": UNEXPECTED})


def cleaning_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    lost = timezone.now() - timedelta(seconds=PARTS_APART * settings.JOB_LOST_AFTER_SECONDS)
    running = CleaningReport.objects.filter(state=State.RUNNING, heartbeat_at__lt=lost)
    running.filter(attempt__gte=MAX_ATTEMPTS).update(
        state=State.FAILED, error=GIVEN_UP, finished_at=timezone.now()
    )
    running.update(state=State.QUEUED)
    queued = CleaningReport.objects.filter(state=State.QUEUED, heartbeat_at__lt=lost)
    for report_id in queued.values_list("pk", flat=True):
        if queued.filter(pk=report_id).update(heartbeat_at=timezone.now()):
            _send(report_id)


def _send(report_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.cleaning_build.delay(report_id)


def _claim(report_id: int) -> CleaningReport | None:
    now = timezone.now()
    claimed = CleaningReport.objects.filter(pk=report_id, state=State.QUEUED).update(
        state=State.RUNNING, attempt=F("attempt") + 1, started_at=now, heartbeat_at=now
    )
    return CleaningReport.objects.get(pk=report_id) if claimed else None


def _beat(report: CleaningReport) -> None:
    """Show a sign of life; raises ReportTakenOverError where the report is somebody else's."""
    mine = CleaningReport.objects.filter(pk=report.pk, state=State.RUNNING, attempt=report.attempt)
    if not mine.update(heartbeat_at=timezone.now()):
        raise ReportTakenOverError


@transaction.atomic
def _store(report: CleaningReport, found: Found) -> None:
    """The rows and the end of the report, both or neither."""
    if not _finish(report, {"state": State.DONE, "counts": found.counts}):
        raise ReportTakenOverError
    copy_in(found.table, ("report_id", *found.columns), ((report.pk, *row) for row in found.rows))


def _finish(report: CleaningReport, fields: dict[str, Any]) -> int:
    mine = CleaningReport.objects.filter(pk=report.pk, state=State.RUNNING, attempt=report.attempt)
    return mine.update(finished_at=timezone.now(), **fields)
