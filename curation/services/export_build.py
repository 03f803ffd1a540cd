"""Have a worker write a version to a file, and take it up again when the worker was lost."""

from __future__ import annotations

from curation.models import DatasetVersion, ExportBuild, User
from curation.services.export_tokens import Limit
from curation.services.export_write import asked_for, export_write, exporter_of
from curation.services.report_work import ReportWork


def export_request(
    *,
    version: DatasetVersion,
    format: str,  # noqa: A002 -- the field's name
    split: str,
    user: User | None,
    limit: Limit | None = None,
) -> ExportBuild:
    """Queue the file; the one that is on its way, where it is. Raises CurationError for what no worker could
    write."""
    exporter_of(format, split, limit)
    return WORK.request(
        version=version,
        format=format,
        split=split,
        tokens=limit and limit.counted_by,
        max_length=limit and limit.max_length,
        fields={"created_by": user},
    )


def export_build(*, build_id: int) -> None:
    """Write the file; does nothing where another worker does."""
    WORK.run(build_id, _compute)


def export_builds_recover() -> None:
    """Queue again what a lost worker left running, and send again what the broker lost."""
    WORK.recover()


def _compute(build: ExportBuild) -> None:
    # Written beside its name and moved there at the end: two workers that write one file leave a whole one.
    with WORK.beating(build):
        export = export_write(**asked_for(build), user=build.created_by)
    WORK.finish(build, export=export)


def _send(build_id: int) -> None:
    from curation import tasks  # tasks call this module

    tasks.export_build.delay(build_id)


WORK = ReportWork(
    ExportBuild, "export", "Press “Export” to try again.", _send, ("version__project", "tokens", "created_by")
)
