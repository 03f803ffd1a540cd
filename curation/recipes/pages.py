"""Funnels and steps with what a page shows beside the stored JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from curation.algorithms.recipe_diff import recipe_diff
from curation.consensus_methods import consensus_methods
from curation.models import FilterRecipe, Pair, Project, RecipeRun
from curation.recipes.base import Step, choice_names
from curation.recipes.eval_sets import eval_set_name
from curation.recipes.exclusions import NotExcluded
from curation.recipes.funnel import Preview
from curation.recipes.selection_steps import licence_name
from curation.recipes.steps import STEPS, completed
from curation.scorers import scorer_name

# What a funnel may hold: the steps one chooses, and the one that comes by itself.
_SHOWN: dict[str, type[Step]] = {**STEPS, "not_excluded": NotExcluded}


def step_label(name: str) -> str:
    """The label of a kind of step; its bare name where there is no such kind any more."""
    return _SHOWN[name].label if name in _SHOWN else name


def recipes_with_last_run(project: Project) -> QuerySet[FilterRecipe]:
    """Every version, newest first under its name, with `run_id`, `run_kept` and `run_in` of its last run
    that is done."""
    last = RecipeRun.objects.filter(recipe=OuterRef("pk"), state=RecipeRun.State.DONE).order_by("-id")
    return FilterRecipe.objects.filter(project=project).annotate(
        run_id=Subquery(last.values("pk")[:1]),
        run_kept=Subquery(last.values("pairs_kept")[:1]),
        run_in=Subquery(last.values("pairs_in")[:1]),
    )


def described_steps(steps: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each saved step with its label, help and parameters by their titles."""
    return [
        {"label": STEPS[raw["step"]].label, "help": STEPS[raw["step"]].help, "params": _titled(raw)}
        for raw in steps
    ]


def versions_of(recipe: FilterRecipe) -> list[FilterRecipe]:
    """Itself and the others of its name, the newest first."""
    return list(FilterRecipe.objects.filter(project=recipe.project_id, name=recipe.name))


def other_version(recipe: FilterRecipe, versions: Sequence[FilterRecipe]) -> FilterRecipe | None:
    """The version before it, or for the first one the newest; none where there is no other."""
    before = [other for other in versions if other.version < recipe.version]
    after = [other for other in versions if other.version > recipe.version]
    return next(iter([*before, *after]), None)


def compared_steps(old: FilterRecipe, new: FilterRecipe) -> list[dict[str, Any]]:
    """Every step of both with its places from 1, its parameters by their titles, and what became of it."""
    rows = []
    before, after = completed(old.steps), completed(new.steps)
    for diff in recipe_diff(before, after):
        raw = after[diff.new] if diff.new is not None else before[diff.old or 0]
        kind = STEPS[raw["step"]]
        changes = [
            (kind.model_fields[name].title, *(_worded(kind, name, value) for value in values))
            for name, *values in diff.changes
        ]
        rows.append(
            {
                "label": STEPS[raw["step"]].label,
                "old": None if diff.old is None else diff.old + 1,
                "new": None if diff.new is None else diff.new + 1,
                "words": diff.words,
                "changes": changes,
                "params": _titled(raw),
            }
        )
    return rows


def funnel_with_examples(project: Project, funnel: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The stored funnel, its example pairs loaded in one query. `sampled` says that the values are some of
    many, `valued` how many those are, where the funnel says so: those of earlier releases do not. `outcomes`
    is what became of the pairs of a step without values."""
    wanted = {pk for step in funnel for ids in step["examples"].values() for pk in ids}
    pairs = Pair.objects.for_project(project).with_texts().in_bulk(list(wanted))
    return [
        {
            **step,
            "params": _titled({"step": step["step"], **step["params"]}),
            "total": step["kept"] + step["dropped"],
            "valued": step.get("valued"),
            "sampled": len(step["values"]) < step.get("valued", step["kept"] + step["dropped"]),
            "outcomes": _outcomes(step),
            "kept_pairs": [pairs[pk] for pk in step["examples"]["kept"] if pk in pairs],
            "dropped_pairs": [pairs[pk] for pk in step["examples"]["dropped"] if pk in pairs],
        }
        for step in funnel
    ]


def _outcomes(step: dict[str, Any]) -> list[tuple[str, int]]:
    """Each named value with its pairs, or else what was kept and each reason; nothing where all stayed."""
    if named := step.get("named"):
        return [(name, n) for name, n in named]
    return [("kept", step["kept"]), *step["reasons"].items()] if step["dropped"] else []


def previewed_steps(project: Project, preview: Preview) -> list[dict[str, Any]]:
    """The funnel as pages show it, each step with its place in the recipe, −1 for those that come by
    themselves, and the ends of a slider over its values: ranks, percentages, or sizes of groups from 1."""
    steps = funnel_with_examples(project, preview.report)
    for place, step in enumerate(steps):
        step["place"] = place - preview.before if place >= preview.before else -1
        step["ends"] = _slider_ends(preview.report[place]["params"], step["values"])
    return steps


def _slider_ends(params: dict[str, Any], values: Sequence[float]) -> tuple[float, float] | None:
    if params.get("by") == "percentile":
        return 0, 100
    if params.get("unit") == "percent":
        return 1, 100
    if not values:
        return None
    return (1 if "at_most" in params else values[0]), values[-1]


def _titled(raw: dict[str, Any]) -> dict[str, str]:
    fields = _SHOWN[raw["step"]].model_fields
    return {
        str(fields[name].title): _worded(_SHOWN[raw["step"]], name, value)
        for name, value in raw.items()
        if name != "step"
    }


def _worded(kind: type[Step], name: str, value: Any) -> str:
    if value is None:
        return "the newest" if name in kind.scored else "none"
    if name == "licences":
        return ", ".join(licence_name(licence) for licence in value)
    if name == "eval_sets":
        return ", ".join(eval_set_name(source) for source in value) or "all"
    if name in kind.scored.values():
        return scorer_name(value)
    if isinstance(value, str):
        return _names(kind, name).get(value, value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value:.15g}"


def _names(kind: type[Step], name: str) -> dict[str, str]:
    """What a parameter with fixed values calls each of them."""
    if name == "method":
        return {method.name: method.label for method in consensus_methods()}
    return choice_names(kind.model_fields[name])
