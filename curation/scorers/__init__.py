"""The one registry of scorers. To add one: a declaration in the module of what it needs and, for one that
needs a model, its computation in the worker `score_tokens` or `score_pairs`."""

from __future__ import annotations

from curation.scorers.base import (
    LABELS,
    ModelScorer,
    Needs,
    PromptPart,
    Scorer,
    TextScorer,
    Worse,
    is_approximate,
)
from curation.scorers.embeddings import EMBEDDING_SCORERS
from curation.scorers.estimates import ESTIMATE_SCORERS
from curation.scorers.judgments import JUDGMENT_SCORERS
from curation.scorers.models import MODEL_SCORERS
from curation.scorers.rankings import RANKING_SCORERS, RankingScorer
from curation.scorers.texts import TEXT_SCORERS, TOXICITY, toxicity_by
from curation.scorers.tokens import SHARED_TOKENS, TOKEN_SCORERS

SCORERS: dict[str, Scorer] = {
    scorer.name: scorer
    for scorer in (
        *TEXT_SCORERS,
        *TOKEN_SCORERS,
        *EMBEDDING_SCORERS,
        *MODEL_SCORERS,
        *JUDGMENT_SCORERS,
        *RANKING_SCORERS,
        *ESTIMATE_SCORERS,
    )
}
TEXTS: dict[str, TextScorer] = {scorer.name: scorer for scorer in TEXT_SCORERS}
RANKINGS: dict[str, RankingScorer] = {scorer.name: scorer for scorer in RANKING_SCORERS}


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


def computation_label(computation: str) -> str:
    """The scores that one computation makes, in words."""
    *others, last = [scorer.label for scorer in computed_by(computation)]
    return f"{', '.join(others)} and {last}" if others else last


__all__ = [
    "EMBEDDING_SCORERS",
    "ESTIMATE_SCORERS",
    "JUDGMENT_SCORERS",
    "MODEL_SCORERS",
    "RANKINGS",
    "RANKING_SCORERS",
    "SCORERS",
    "SHARED_TOKENS",
    "TEXTS",
    "TOKEN_SCORERS",
    "TOXICITY",
    "ModelScorer",
    "Needs",
    "PromptPart",
    "RankingScorer",
    "Scorer",
    "TextScorer",
    "Worse",
    "by_needs",
    "computation_label",
    "computed_by",
    "is_approximate",
    "scorer_name",
    "scorers_in_words",
    "toxicity_by",
]
