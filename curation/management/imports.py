"""What the import commands share: a file taken in, a progress bar, a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.core.files.base import File
from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from curation.errors import CurationError
from curation.models import Project, PromptImport
from curation.services import prompt_import as service

SHOWN_ISSUES = 10


def draft_of(slug: str, path: Path) -> PromptImport:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise CurationError(f"There is no project “{slug}”. Use its slug.")
    with path.open("rb") as handle:
        upload = File(handle, name=path.name)
        return service.import_create(project=project, user=None, upload=upload)


def named_columns(parts: list[str], known: Sequence[str]) -> dict[str, str]:
    """What `--map FIELD=COLUMN …` says. Raises CurationError for another field."""
    chosen = dict(part.partition("=")[::2] for part in parts)
    unknown = chosen.keys() - set(known)
    if unknown:
        raise CurationError(f"--map knows no field “{min(unknown)}”; known are {', '.join(known)}.")
    return chosen


def run_with_bar(prompt_import: PromptImport) -> None:
    columns = (TextColumn("{task.fields[rows]:,} rows"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("import", total=prompt_import.file_bytes, rows=0)

        def advance(row: PromptImport) -> None:
            bar.update(shown, completed=row.bytes_read, rows=row.rows_read)

        service.import_run(import_id=prompt_import.pk, on_progress=advance)


def write_report(out: OutputWrapper, done: PromptImport) -> None:
    rate = f", {done.rows_per_second:,} rows/s" if done.rows_per_second else ""
    out.write(
        f"{done.rows_read:,} rows read: {done.rows_created:,} created, "
        f"{done.rows_duplicate:,} duplicate, {done.rows_failed:,} failed{rate}"
    )
    for issue in done.issues.all()[:SHOWN_ISSUES]:
        out.write(f"  line {issue.line}: {issue.reason}")
    if done.rows_failed > SHOWN_ISSUES:
        out.write(f"  … and {done.rows_failed - SHOWN_ISSUES:,} more; the import's page has them.")
