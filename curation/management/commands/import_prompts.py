"""Import prompts from a file, in this process, with a progress bar."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from curation.errors import CurationError
from curation.importers.guess import guess_kind, guess_mapping
from curation.models import Project, Prompt, PromptImport
from curation.services import prompt_import as service
from curation.services.prompt_parse import FieldMapping

SHOWN_ISSUES = 10


class Command(BaseCommand):
    help = "Import prompts from a JSON lines, CSV or Parquet file. Exit code 1 if nothing landed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        fields = ", ".join(name for name in FieldMapping.__slots__ if not name.startswith("default_"))
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--map", nargs="+", default=[], metavar="FIELD=COLUMN", help=f"fields: {fields}")
        parser.add_argument("--split", choices=Prompt.Split.values, help="split where a row names none")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            prompt_import = self._import(options)
        except (CurationError, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(prompt_import)
        if prompt_import.error:
            raise CommandError(prompt_import.error)
        if not prompt_import.rows_created and not prompt_import.rows_duplicate:
            raise CommandError("No row landed. Is the mapping right? Name the columns with --map.")

    def _import(self, options: dict[str, Any]) -> PromptImport:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CurationError(f"There is no project “{options['project']}”. Use its slug.")
        with options["file"].open("rb") as handle:
            upload = File(handle, name=options["file"].name)
            prompt_import = service.import_create(project=project, user=None, upload=upload)
        mapping = _mapping(prompt_import, options["map"], options["split"])
        service.import_start(prompt_import=prompt_import, mapping=mapping, send=False)
        _run_with_bar(prompt_import)
        prompt_import.refresh_from_db()
        return prompt_import

    def _report(self, done: PromptImport) -> None:
        rate = f", {done.rows_per_second:,} rows/s" if done.rows_per_second else ""
        self.stdout.write(
            f"{done.rows_read:,} rows read: {done.rows_created:,} created, "
            f"{done.rows_duplicate:,} duplicate, {done.rows_failed:,} failed{rate}"
        )
        for issue in done.issues.all()[:SHOWN_ISSUES]:
            self.stdout.write(f"  line {issue.line}: {issue.reason}")
        if done.rows_failed > SHOWN_ISSUES:
            self.stdout.write(
                f"  … and {done.rows_failed - SHOWN_ISSUES:,} more; the import's page has them."
            )


def _mapping(prompt_import: PromptImport, named: list[str], split: str | None) -> FieldMapping:
    """The guess from the file's head, with what the caller names put over it."""
    rows = [row.value for row in service.import_head(prompt_import) if row.value is not None]
    chosen = dict(part.partition("=")[::2] for part in named)
    unknown = chosen.keys() - set(FieldMapping.__slots__)
    if unknown:
        raise CurationError(
            f"--map knows no field “{min(unknown)}”; known are {', '.join(FieldMapping.__slots__)}."
        )
    if "prompt" in chosen and "kind" not in chosen:
        chosen["kind"] = guess_kind(rows, chosen["prompt"])
    if split:
        chosen["default_split"] = split
    return replace(guess_mapping(rows), **chosen)


def _run_with_bar(prompt_import: PromptImport) -> None:
    columns = (TextColumn("{task.fields[rows]:,} rows"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        shown = bar.add_task("import", total=prompt_import.file_bytes, rows=0)

        def advance(row: PromptImport) -> None:
            bar.update(shown, completed=row.bytes_read, rows=row.rows_read)

        service.import_run(import_id=prompt_import.pk, on_progress=advance)
