"""Why a pair's row differs between two versions, as far as what is stored can tell.

Everything that changed from one freeze to the other, and that the row depends on, is named; which of it moved
the numbers, nobody has computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Expression,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from curation.consensus_methods import method_label, method_learns
from curation.models import DatasetVersion, Judgment, PairScore, RaterExclusion
from curation.recipes.base import Column
from curation.recipes.steps import STEPS
from curation.scorers import scorer_name

# What a row is trained by, and what a recipe's step that sets it sets.
NUMBERS = {
    "margin": Column.MARGIN,
    "soft_label": Column.SOFT_LABEL,
    "weight": Column.WEIGHT,
    "block": Column.BLOCK,
    "split": Column.HELD_OUT,
}
UNKNOWN = "not known"

Cause = tuple[Q, str]


def with_causes(rows: QuerySet[Any], old: DatasetVersion, new: DatasetVersion) -> QuerySet[Any]:
    """Rows of `new` that have the columns of `old` beside them, with `n_between` and `why`."""
    between = _between(old, new).filter(pair=OuterRef("pair"))
    counted = between.order_by().values("pair").annotate(n=Count("pk")).values("n")
    causes = [*_consensus_causes(old, new), *_recipe_causes(old, new)]
    said = [Case(When(condition, then=Value(words))) for condition, words in causes]
    found: QuerySet[Any] = rows.annotate(
        n_between=Coalesce(Subquery(counted), 0, output_field=IntegerField()),
        why=Coalesce(NullIf(_joined(said), Value("")), Value(UNKNOWN)),
    )
    return found


def _joined(parts: Collection[Expression]) -> Func:
    """Those that are there, apart by semicolons."""
    return Func(Value("; "), *parts, function="CONCAT_WS", output_field=CharField())


def in_time(old: DatasetVersion, new: DatasetVersion) -> tuple[DatasetVersion, DatasetVersion]:
    """The one that was frozen first comes first; a comparison may be turned round."""
    return (old, new) if old.number < new.number else (new, old)


def _between(old: DatasetVersion, new: DatasetVersion) -> Any:
    earlier, later = in_time(old, new)
    return Judgment.objects.known_to(later).since(earlier)


def _consensus_causes(old: DatasetVersion, new: DatasetVersion) -> Iterator[Cause]:
    """What moves a consensus. Where only the split or nothing that it reaches differs, it is no cause."""
    reached = ~Q(old_chosen=F("chosen"), **{f"old_{name}": F(name) for name in NUMBERS if name != "split"})
    earlier, later = in_time(old, new)
    between, of_pair = _between(old, new), Q(pair=OuterRef("pair"))
    decided = Q(source=Judgment.Source.ADJUDICATED)
    yield (
        reached & Q(Exists(between.filter(of_pair & decided))),
        "a reviewer decided, or took a decision back",
    )
    yield (
        reached & Q(Exists(between.filter(of_pair & ~decided))),
        "judgments were given, corrected or taken back",
    )
    before, after = (
        set(RaterExclusion.objects.standing_for(version).values_list("rater", flat=True))
        for version in (earlier, later)
    )
    moved = {"a rater was left out": after - before, "a rater was taken back in": before - after}
    for words, raters in moved.items():
        if raters:
            by_them = Judgment.objects.known_to(later).filter(of_pair, rater__in=raters)
            yield reached & Q(Exists(by_them)), words
    methods = [version.card.get("consensus", "") for version in (old, new)]
    if methods[0] != methods[1]:
        yield reached, "another consensus: {} → {}".format(*map(method_label, methods))
    elif method_learns(methods[0]) and (any(moved.values()) or between.for_project(new.project).exists()):
        yield reached, "the consensus learns from all pairs, and what it learns from has changed"


def _recipe_causes(old: DatasetVersion, new: DatasetVersion) -> Iterator[Cause]:
    """What sets a row's numbers beside the consensus."""
    scored: set[str] = set()
    for name, column in NUMBERS.items():
        differs = ~Q(**{f"old_{name}": F(name)})
        before, after = (_setting(version, column) for version in (old, new))
        if before != after:
            yield differs, f"the recipe sets the {name.replace('_', ' ')} in another way"
        elif name == "split":  # what a step holds out follows from the prompt's text
            yield differs, "the prompt was moved to another split"
        scored |= {step["scorer"] for step in (*before, *after) if "scorer" in step}
    yield from _score_causes(old, new, scored)


def _setting(version: DatasetVersion, column: Column) -> list[dict[str, Any]]:
    """The steps of its recipe that set the column; of a kind that is no more, nothing is known."""
    return [
        step for step in version.recipe.steps if step["step"] in STEPS and STEPS[step["step"]].sets == column
    ]


def _score_causes(old: DatasetVersion, new: DatasetVersion, scorers: Collection[str]) -> Iterator[Cause]:
    """Of the scores that a step sets a column by: both versions name the producers that they read."""
    moved = ~Q(**{f"old_{name}": F(name) for name in NUMBERS})
    before, after = (
        {
            score["scorer"]: score["producer"]
            for score in version.card.get("scores", [])
            if score["scorer"] in scorers
        }
        for version in (old, new)
    )
    for scorer in sorted(before.keys() & after.keys()):
        if before[scorer] != after[scorer]:
            yield moved, f"{scorer_name(scorer)} by another producer"
            continue
        earlier, later = in_time(old, new)
        anew = PairScore.objects.filter(
            pair=OuterRef("pair"),
            producer=after[scorer],
            created_at__gt=earlier.created_at,
            created_at__lte=later.created_at,
        )
        yield moved & Q(Exists(anew)), f"{scorer_name(scorer)} was computed again"
