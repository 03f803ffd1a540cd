"""Ask for a bias report, build it, and take it up again when its worker was lost."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from curation.models import BiasReport, DatasetVersion, User

logger = logging.getLogger(__name__)

State = BiasReport.State
MAX_ATTEMPTS = 3
# A report shows a sign of life after each of its parts; the largest takes about ten seconds.
PARTS_APART = 4
UNEXPECTED = (
    "An unexpected error stopped the report; the operator finds the details in the log. "
    "Press “Compute” to try again."
)
GIVEN_UP = (
    f"The worker was lost {MAX_ATTEMPTS} times while it computed this report; it may have run out of memory. "
    "Ask the operator to look at the worker's log before you press “Compute”."
)


class ReportTakenOverError(Exception):
    """Another worker has the report by now; this one stops without a trace."""


@transaction.atomic
def bias_request(*, version: DatasetVersion, user: User | None) -> BiasReport:
    """Queue a report; the one on its way where there is one: two at once would compute the same."""
    try:
        with transaction.atomic():
            report = BiasReport.objects.create(version=version, created_by=user, heartbeat_at=timezone.now())
    except IntegrityError:
        return BiasReport.objects.get(version=version, state__in=[State.QUEUED, State.RUNNING])
    transaction.on_commit(lambda: _send(report.pk))
    return report


def bias_build(*, report_id: int) -> None:
    """Compute the report; does nothing where another worker has it."""
    from curation.bias.report import build_report  # the web process needs no scipy

    report = _claim(report_id)
    if report is None:
        return
    try:
        found = build_report(version=report.version, beat=lambda: _beat(report))
    except ReportTakenOverError:
        logger.warning("stopped: bias report %s was taken over", report_id)
    except DatabaseError:
        raise  # left running: `bias_recover` sends it again once the database answers
    except Exception:  # process boundary: the row must not stay "running" for ever
        logger.exception("bias report %s failed", report_id)
        _finish(report, {"state": State.FAILED, "error": UNEXPECTED})
    else:
        _finish(report, {"state": State.DONE, "report": found})


def bias_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    lost = timezone.now() - timedelta(seconds=PARTS_APART * settings.JOB_LOST_AFTER_SECONDS)
    running = BiasReport.objects.filter(state=State.RUNNING, heartbeat_at__lt=lost)
    running.filter(attempt__gte=MAX_ATTEMPTS).update(
        state=State.FAILED, error=GIVEN_UP, finished_at=timezone.now()
    )
    running.update(state=State.QUEUED)
    queued = BiasReport.objects.filter(state=State.QUEUED, heartbeat_at__lt=lost)
    for report_id in queued.values_list("pk", flat=True):
        if queued.filter(pk=report_id).update(heartbeat_at=timezone.now()):
            _send(report_id)


def _send(report_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.bias_build.delay(report_id)


def _claim(report_id: int) -> BiasReport | None:
    now = timezone.now()
    claimed = BiasReport.objects.filter(pk=report_id, state=State.QUEUED).update(
        state=State.RUNNING, attempt=F("attempt") + 1, started_at=now, heartbeat_at=now
    )
    return BiasReport.objects.select_related("version__project").get(pk=report_id) if claimed else None


def _beat(report: BiasReport) -> None:
    """Show a sign of life; raises ReportTakenOverError where the report is somebody else's."""
    mine = BiasReport.objects.filter(pk=report.pk, state=State.RUNNING, attempt=report.attempt)
    if not mine.update(heartbeat_at=timezone.now()):
        raise ReportTakenOverError


def _finish(report: BiasReport, fields: dict[str, Any]) -> None:
    mine = BiasReport.objects.filter(pk=report.pk, state=State.RUNNING, attempt=report.attempt)
    mine.update(finished_at=timezone.now(), **fields)
