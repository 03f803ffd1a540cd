"""The one registry of scorers. To add one: a declaration in `texts.py` or `models.py` and, for a model
scorer, its computation in the worker `score_pairs`."""

from __future__ import annotations

from curation.scorers.base import LABELS, ModelScorer, Needs, Scorer, TextScorer, Worse
from curation.scorers.embeddings import EMBEDDING_SCORERS
from curation.scorers.models import MODEL_SCORERS
from curation.scorers.texts import TEXT_SCORERS

SCORERS: dict[str, Scorer] = {
    scorer.name: scorer for scorer in (*TEXT_SCORERS, *EMBEDDING_SCORERS, *MODEL_SCORERS)
}
TEXTS: dict[str, TextScorer] = {scorer.name: scorer for scorer in TEXT_SCORERS}


def scorer_name(name: str) -> str:
    """The scorer's label; its bare name where it is not registered."""
    return SCORERS[name].label if name in SCORERS else name


def scorers_in_words() -> str:
    """Which way each scorer points, for the help of a field that lets one choose."""
    said = {worse: [scorer.label for scorer in SCORERS.values() if scorer.worse == worse] for worse in Worse}
    return (
        f"High is worse: {', '.join(said[Worse.HIGH])}. Low is worse: {', '.join(said[Worse.LOW])}. "
        f"Neither: {', '.join(said[Worse.NEITHER])}. The page “Scores” says what each measures."
    )


def by_needs() -> list[tuple[Needs, list[Scorer]]]:
    """The scorers under what they need, those that need least first."""
    groups = [(needs, [scorer for scorer in SCORERS.values() if scorer.needs == needs]) for needs in LABELS]
    return [(needs, scorers) for needs, scorers in groups if scorers]


def computed_by(computation: str) -> list[ModelScorer]:
    """The scores that one computation of the worker makes."""
    return [scorer for scorer in MODEL_SCORERS if scorer.computation == computation]


__all__ = [
    "EMBEDDING_SCORERS",
    "MODEL_SCORERS",
    "SCORERS",
    "TEXTS",
    "ModelScorer",
    "Needs",
    "Scorer",
    "TextScorer",
    "Worse",
    "by_needs",
    "computed_by",
    "scorer_name",
    "scorers_in_words",
]
