"""Ask for a cleaning report, build it, and take it up again when its worker was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from curation.bulk import copy_in
from curation.cleaning import Beat, Found, find_duplicates, find_personal_data
from curation.cleaning_languages import find_languages
from curation.cleaning_neighbours import find_neighbours
from curation.models import CleaningReport, Project, User
from curation.services.report_work import ReportWork

Kind = CleaningReport.Kind
FINDERS: dict[str, Callable[[CleaningReport, Beat], Found]] = {
    Kind.DUPLICATES: find_duplicates,
    Kind.NEIGHBOURS: find_neighbours,
    Kind.LANGUAGES: find_languages,
    Kind.PATTERNS: find_personal_data,
}


def cleaning_request(
    *, project: Project, kind: str, params: dict[str, Any], user: User | None
) -> CleaningReport:
    """Queue a search; the one of its kind that is on its way, where there is one."""
    return WORK.request(project=project, kind=kind, fields={"params": params, "created_by": user})


def cleaning_build(*, report_id: int) -> None:
    """Search and store what is found; does nothing where another worker has the report."""
    WORK.run(report_id, _compute)


def cleaning_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(report: CleaningReport) -> None:
    found = FINDERS[report.kind](report, lambda: WORK.beat(report))
    with transaction.atomic():  # the rows and the end of the report, both or neither
        WORK.finish(report, counts=found.counts)
        copy_in(found.table, ("report_id", *found.columns), ((report.pk, *row) for row in found.rows))


def _send(report_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.cleaning_build.delay(report_id)


WORK = ReportWork(CleaningReport, "cleaning report", "Start it again to try once more.", _send)
