"""Run the newest version of a recipe and print its funnel."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.errors import CurationError
from curation.management.tables import funnel_table, newest_recipe
from curation.services.recipe_run import recipe_run


class Command(BaseCommand):
    help = "Run the newest version of a recipe and print its funnel."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's slug")
        parser.add_argument("recipe", help="the recipe's name")

    def handle(self, *_args: Any, **options: Any) -> None:
        recipe = newest_recipe(options["project"], options["recipe"])
        try:
            run = recipe_run(recipe=recipe, user=None)
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(funnel_table(run.funnel))
        self.stdout.write(f"{recipe}: kept {run.pairs_kept} of {run.pairs_in} pairs in {run.seconds:.1f} s")
