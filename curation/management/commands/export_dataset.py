"""Write a dataset version to a file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.errors import CurationError
from curation.exporters import EXPORTERS
from curation.models import DatasetVersion, ScoreProducer
from curation.scorers import SHARED_TOKENS
from curation.services.export_tokens import Limit
from curation.services.export_write import SPLITS, dropped_before, export_write


class Command(BaseCommand):
    help = "Write a dataset version to a file and print where it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("number", type=int, help="the version's number")
        parser.add_argument("--format", choices=list(EXPORTERS), default="trl_jsonl")
        parser.add_argument("--split", choices=SPLITS, default="train")
        parser.add_argument("--tokenizer", metavar="MODEL", help="leave out what is too long, by its tokens")
        parser.add_argument("--max-length", type=int, default=1024, help="in tokens of that tokenizer")

    def handle(self, *_args: Any, **options: Any) -> None:
        project, number = options["project"], options["number"]
        version = (
            DatasetVersion.objects.filter(project__slug=project, number=number)
            .select_related("project")
            .first()
        )
        if version is None:
            raise CommandError(f"Project {project} has no dataset version {number}.")
        try:
            export = export_write(
                version=version,
                format=options["format"],
                split=options["split"],
                user=None,
                limit=_limit(version, options["tokenizer"], options["max_length"]),
            )
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{'rows':<10}{export.n_rows}\n{'bytes':<10}{export.n_bytes}")
        for reason, n in export.left_out.items():
            self.stdout.write(f"left out  {n} ({reason})")
        for dropped in dropped_before(version):
            self.stdout.write(f"dropped   {dropped.n} ({dropped.step}: {dropped.reason})")
        self.stdout.write(f"{'sha256':<10}{export.sha256}\n{'file':<10}{export.path}")


def _limit(version: DatasetVersion, model: str | None, max_length: int) -> Limit | None:
    """By the newest counts with this model's tokenizer."""
    if model is None:
        return None
    counted = ScoreProducer.objects.filter(project=version.project, scorer=SHARED_TOKENS, label=model).first()
    if counted is None:
        raise CommandError(f"No tokens were counted with the tokenizer of {model}.")
    return Limit(counted, max_length)
