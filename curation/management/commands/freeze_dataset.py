"""Freeze what a recipe keeps as the project's next dataset version."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from curation.errors import CurationError
from curation.management.tables import funnel_table, newest_recipe
from curation.services.bias_build import bias_request
from curation.services.dataset_freeze import dataset_freeze


class Command(BaseCommand):
    help = "Freeze what the newest version of a recipe keeps as the project's next dataset version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("recipe", help="the recipe's name")
        parser.add_argument("--note", default="", help="why this version exists")

    def handle(self, *_args: Any, **options: Any) -> None:
        recipe = newest_recipe(options["project"], options["recipe"])
        try:
            with transaction.atomic():
                version = dataset_freeze(recipe=recipe, user=None, note=options["note"])
                bias_request(version=version, user=None)
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(funnel_table(version.funnel))
        self.stdout.write(f"{version} from {recipe}: {version.n_rows} rows, {version.n_dropped} dropped")
        self.stdout.write(f"content hash {version.content_hash}")
        self.stdout.write("A worker computes agreement and known biases: they will be on the version's page.")
