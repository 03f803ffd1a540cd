"""Import judgments by named raters from JSON lines."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from curation.errors import CurationError
from curation.importers.rows import Position, open_reader
from curation.models import Project
from curation.services.judgment_import import ImportCounts, judgments_import

SHOWN_ISSUES = 20


class Command(BaseCommand):
    help = (
        "Import judgments by named raters. Each JSON line holds prompt (a text or chat messages), "
        "response_a, response_b, model_a, model_b, rater and winner (a, b, tie or both_bad), and may hold "
        "preference (−3 to 3 towards a), category and created_at. Running a file again adds nothing. Exit "
        "code 1 if no row landed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("project", help="slug of the project")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project “{options['project']}”. Use its slug.")
        try:
            with closing(open_reader(options["file"], "jsonl", settings.IMPORT_MAX_BYTES)) as reader:
                counts = judgments_import(project=project, rows=reader.rows(Position()))
        except (CurationError, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(counts)
        if not counts.created and not counts.duplicate:
            raise CommandError("No row landed. See above what each of them lacks.")

    def _report(self, counts: ImportCounts) -> None:
        self.stdout.write(
            f"{counts.created:,} judgments created, {counts.duplicate:,} duplicate, "
            f"{counts.failed:,} failed; {counts.prompts:,} new prompts, {counts.pairs:,} new pairs"
        )
        for line, reason in counts.issues[:SHOWN_ISSUES]:
            self.stdout.write(f"  line {line}: {reason}")
        if counts.failed > SHOWN_ISSUES:
            self.stdout.write(f"  … and {counts.failed - SHOWN_ISSUES:,} more")
