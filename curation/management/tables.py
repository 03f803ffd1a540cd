"""What the recipe commands print, and how they find what was named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError

from curation.models import FilterRecipe


def newest_recipe(project: str, name: str) -> FilterRecipe:
    recipes = FilterRecipe.objects.filter(project__slug=project, name=name).select_related("project")
    recipe = recipes.order_by("-version").first()
    if recipe is None:
        raise CommandError(f"Project {project} has no recipe {name}.")
    return recipe


def funnel_table(funnel: Sequence[dict[str, Any]]) -> str:
    lines = [f"{'step':<28}{'kept':>10}{'dropped':>10}  why"]
    for step in funnel:
        why = ", ".join(f"{reason} ({n})" for reason, n in step["reasons"].items())
        lines.append(f"{step['label']:<28}{step['kept']:>10}{step['dropped']:>10}  {why}".rstrip())
    return "\n".join(lines)
