"""Reports that a worker computes: queued, claimed, shown to be alive, ended, and taken up again when lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from curation.errors import CurationError
from curation.models.background import BackgroundReport

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=BackgroundReport)
State = BackgroundReport.State
MAX_ATTEMPTS = 3
# A report shows a sign of life after each of its parts; the largest may take a minute.
PARTS_APART = 4
UNEXPECTED = "An unexpected error stopped the report; the operator finds the details in the log."
GIVEN_UP = (
    f"The worker was lost {MAX_ATTEMPTS} times while it computed this report; it may have run out of memory. "
    "The operator should look at the worker's log first."
)


class ReportTakenOverError(Exception):
    """Another worker has the report by now; this one stops without a trace."""


@dataclass(frozen=True)
class ReportWork(Generic[R]):
    """The life of one kind of report. `send` gives a report to the broker; `again` tells a person, in
    the words of its page, how to try once more; `related` is what a worker reads with the row."""

    model: type[R]
    noun: str
    again: str
    send: Callable[[int], object]
    related: tuple[str, ...] = ()

    @transaction.atomic
    def request(self, *, fields: dict[str, Any], **same: Any) -> R:
        """Queue a report; the one of the `same` that is on its way, where there is one: two at once would
        compute the same."""
        manager = self.model._default_manager
        try:
            with transaction.atomic():
                report = manager.create(**same, **fields, heartbeat_at=timezone.now())
        except IntegrityError:
            return manager.get(**same, state__in=[State.QUEUED, State.RUNNING])
        # robust: with the broker down the report waits as queued, and recovery sends it.
        transaction.on_commit(lambda: self.send(report.pk), robust=True)
        return report

    def run(self, report_id: int, compute: Callable[[R], None]) -> None:
        """Compute the report; does nothing where another worker has it. `compute` ends in `finish`."""
        report = self._claim(report_id)
        if report is None:
            return
        try:
            compute(report)
        except ReportTakenOverError:
            logger.warning("stopped: %s %s was taken over", self.noun, report_id)
        except DatabaseError:
            raise  # left running: `recover` sends it again once the database answers
        except CurationError as error:
            self._mine(report).update(state=State.FAILED, error=str(error), finished_at=timezone.now())
        except Exception:  # process boundary: the row must not stay "running" for ever
            logger.exception("%s %s failed", self.noun, report_id)
            self._mine(report).update(
                state=State.FAILED, error=f"{UNEXPECTED} {self.again}", finished_at=timezone.now()
            )

    def beat(self, report: R) -> None:
        """Show a sign of life; raises ReportTakenOverError where the report is somebody else's."""
        if not self._mine(report).update(heartbeat_at=timezone.now()):
            raise ReportTakenOverError

    def finish(self, report: R, /, **fields: Any) -> None:
        """Done; raises ReportTakenOverError where the report is somebody else's."""
        if not self._mine(report).update(state=State.DONE, finished_at=timezone.now(), **fields):
            raise ReportTakenOverError

    def recover(self) -> None:
        """Queue again what a lost worker left running, and send again what the broker lost."""
        lost = timezone.now() - timedelta(seconds=PARTS_APART * settings.JOB_LOST_AFTER_SECONDS)
        quiet = self.model._default_manager.filter(heartbeat_at__lt=lost)
        running = quiet.filter(state=State.RUNNING)
        running.filter(attempt__gte=MAX_ATTEMPTS).update(
            state=State.FAILED, error=f"{GIVEN_UP} {self.again}", finished_at=timezone.now()
        )
        running.update(state=State.QUEUED)
        queued = quiet.filter(state=State.QUEUED)
        for report_id in queued.values_list("pk", flat=True):
            if queued.filter(pk=report_id).update(heartbeat_at=timezone.now()):
                self.send(report_id)

    def _claim(self, report_id: int) -> R | None:
        now = timezone.now()
        claimed = self.model._default_manager.filter(pk=report_id, state=State.QUEUED).update(
            state=State.RUNNING, attempt=F("attempt") + 1, started_at=now, heartbeat_at=now
        )
        rows = self.model._default_manager.select_related(*self.related)
        return rows.get(pk=report_id) if claimed else None

    def _mine(self, report: R) -> Any:
        return self.model._default_manager.filter(pk=report.pk, state=State.RUNNING, attempt=report.attempt)
