"""A recipe as a YAML file, which runs in other projects too: producers go by fingerprint, not by id."""

from __future__ import annotations

from typing import Any

import yaml

from curation.models import FilterRecipe, Project, ScoreProducer
from curation.recipes.base import RecipeError, Step
from curation.recipes.steps import STEPS, parse_steps
from curation.scorers import scorer_name

HEADER = "# A Tiebreak recipe. To run it: manage.py run_recipe PROJECT --file FILE\n"


def recipe_yaml(recipe: FilterRecipe) -> str:
    """The recipe's name and steps. What `read_recipe` makes of it is the same recipe."""
    steps = [_named(recipe.project, step) for step in parse_steps(recipe.steps)]
    content = {"name": recipe.name, "steps": steps}
    return HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def read_recipe(project: Project, text: str) -> tuple[str, list[dict[str, Any]]]:
    """The name and the steps, as `recipe_save` takes them. Raises RecipeError for what is no recipe."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"The file is not YAML: {error}") from error
    if not isinstance(content, dict) or set(content) != {"name", "steps"}:
        raise RecipeError("A recipe file has a name and steps, and nothing else.")
    name, steps = content["name"], content["steps"]
    if not isinstance(name, str) or not isinstance(steps, list):
        raise RecipeError("The name of a recipe file must be a text, its steps a list.")
    return name, [_numbered(project, number, step) for number, step in enumerate(steps, start=1)]


def _named(project: Project, step: Step) -> dict[str, Any]:
    raw = step.model_dump(mode="json")
    for field, (_, producer) in step.scores.items():
        raw[field] = ScoreProducer.objects.get(project=project, pk=producer).fingerprint
    return raw


def _numbered(project: Project, number: int, raw: Any) -> Any:
    """The step with its producers' ids in this project; anything else is left for the parser to judge."""
    kind = STEPS.get(str(raw.get("step"))) if isinstance(raw, dict) else None
    if kind is None:
        return raw
    wanted = [field for field in kind.scored if raw.get(field) is not None]
    return raw | {field: _producer(project, number, raw, kind, field) for field in wanted}


def _producer(project: Project, number: int, raw: dict[str, Any], kind: type[Step], field: str) -> int:
    scorer = str(raw.get(kind.scored[field], kind.scored_by))
    producer = ScoreProducer.objects.filter(
        project=project, scorer=scorer, fingerprint=str(raw[field])
    ).first()
    if producer is None:
        raise RecipeError(
            f"Step {number}: this project has no {scorer_name(scorer)} scores with the fingerprint "
            f"{raw[field]}. Score its pairs that way first, or leave the producer out for the newest."
        )
    return producer.pk
