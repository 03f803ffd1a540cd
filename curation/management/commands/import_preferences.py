"""Import prompts, responses, pairs and judgments from one file, in this process, with a progress bar."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from curation.errors import CurationError
from curation.importers.datasets.columns import COLUMNS, ROLES
from curation.importers.datasets.registry import FORMATS
from curation.management.imports import draft_of, named_columns, run_with_bar, write_report
from curation.models import Prompt, PromptImport
from curation.services import prompt_import as service


class Command(BaseCommand):
    help = (
        "Import preference data in a published format, or from columns of any name (--map). Without either "
        "it is recognised from the first rows. Running a file again adds nothing. Exit code 1 if nothing "
        "landed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=FORMATS, metavar="NAME", help=", ".join(FORMATS))
        parser.add_argument(
            "--map", nargs="+", default=[], metavar="ROLE=COLUMN",
            help=f"for the format {COLUMNS.name}; what is not named is guessed. Roles: {', '.join(ROLES)}",
        )  # fmt: skip
        parser.add_argument(
            "--split",
            choices=Prompt.Split.values,
            help="of rows that name none; train, and eval for test sets, unless named",
        )
        parser.add_argument("--licence", help="licence of the prompts, where not that of the format")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            done = self._import(options)
        except (CurationError, OSError) as error:
            raise CommandError(str(error)) from error
        write_report(self.stdout, done)
        for label, number in done.landed_rows:
            self.stdout.write(f"  {label:<34}{number:>12,}")
        if done.error:
            raise CommandError(done.error)
        if not done.rows_created and not done.rows_duplicate:
            raise CommandError("No row landed. Is the format right? Name it with --format.")

    def _import(self, options: dict[str, Any]) -> PromptImport:
        draft = draft_of(options["project"], options["file"])
        named = named_columns(options["map"], ROLES)
        name = options["format"] or (COLUMNS.name if named else "")
        entry = FORMATS[name] if name else service.import_recognise(draft)
        if entry is None:
            raise CurationError(
                f"The format was not recognised. Name it with --format: {', '.join(FORMATS)}."
            )
        self.stdout.write(f"Read as {entry.label}")
        chosen = service.default_options(
            draft, entry, split=options["split"], licence=options["licence"], columns=named
        )
        service.preferences_start(prompt_import=draft, dataset=entry.name, options=chosen, send=False)
        run_with_bar(draft)
        draft.refresh_from_db()
        return draft
