"""Where the reports of one thing stand, for pages that show them and ask again while one is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import QuerySet

from curation.models.background import BackgroundReport

R = TypeVar("R", bound=BackgroundReport)
State = BackgroundReport.State


@dataclass(frozen=True)
class Standing(Generic[R]):
    """The last report that is done, and one that is newer."""

    done: R | None
    newer: R | None

    @property
    def is_waiting(self) -> bool:
        return self.newer is not None and not self.newer.is_finished


def report_standing(reports: QuerySet[R]) -> Standing[R]:
    """`reports` are all those of one thing."""
    newest = reports.first()
    if newest is None or newest.state == State.DONE:
        return Standing(newest, None)
    return Standing(reports.filter(state=State.DONE).first(), newest)
