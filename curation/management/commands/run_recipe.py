"""Run a recipe of the project, or one from a file, and print its funnel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from curation.errors import CurationError
from curation.management.tables import funnel_table, newest_recipe
from curation.models import FilterRecipe, Project
from curation.recipes.files import read_recipe
from curation.recipes.funnel import emptied
from curation.services.recipe_run import recipe_run
from curation.services.recipe_save import recipe_save


class Command(BaseCommand):
    help = (
        "Run the newest version of a recipe and print its funnel. A recipe from a file is saved first, under "
        "the name it has there: as its next version, where it is not the newest already."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", help="the project's slug")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("recipe", nargs="?", help="the recipe's name")
        which.add_argument("--file", type=Path, help="a recipe as YAML, as a recipe's page downloads it")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            if options["file"]:
                recipe = _saved(options["project"], options["file"])
            else:
                recipe = newest_recipe(options["project"], options["recipe"])
            run = recipe_run(recipe=recipe, user=None)
        except CurationError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(funnel_table(run.funnel))
        self.stdout.write(f"{recipe}: kept {run.pairs_kept} of {run.pairs_in} pairs in {run.seconds:.1f} s")
        if nothing := emptied(run.funnel, run.pairs_in):
            self.stdout.write(nothing.words)


def _saved(slug: str, path: Path) -> FilterRecipe:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise CommandError(f"There is no project {slug}.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    name, steps = read_recipe(project, text)
    return recipe_save(project=project, name=name, steps=steps, user=None)
