"""Import prompts from a file, in this process, with a progress bar."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.errors import CurationError
from curation.importers.guess import guess_kind, guess_mapping
from curation.management.imports import draft_of, named_columns, run_with_bar, write_report
from curation.models import Prompt, PromptImport
from curation.services import prompt_import as service
from curation.services.prompt_parse import FieldMapping


class Command(BaseCommand):
    help = (
        "Import prompts from a JSON lines, a JSON array, CSV or Parquet file. Exit code 1 if nothing landed."
    )

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
        write_report(self.stdout, prompt_import)
        if prompt_import.error:
            raise CommandError(prompt_import.error)
        if not prompt_import.rows_created and not prompt_import.rows_duplicate:
            raise CommandError("No row landed. Is the mapping right? Name the columns with --map.")

    def _import(self, options: dict[str, Any]) -> PromptImport:
        prompt_import = draft_of(options["project"], options["file"])
        mapping = _mapping(prompt_import, options["map"], options["split"])
        service.import_start(prompt_import=prompt_import, mapping=mapping, send=False)
        run_with_bar(prompt_import)
        prompt_import.refresh_from_db()
        return prompt_import


def _mapping(prompt_import: PromptImport, named: list[str], split: str | None) -> FieldMapping:
    """The guess from the file's head, with what the caller names put over it."""
    rows = [row.value for row in service.import_head(prompt_import) if row.value is not None]
    chosen = named_columns(named, FieldMapping.__slots__)
    if "prompt" in chosen and "kind" not in chosen:
        chosen["kind"] = guess_kind(rows, chosen["prompt"])
    if split:
        chosen["default_split"] = split
    return replace(guess_mapping(rows), **chosen)
