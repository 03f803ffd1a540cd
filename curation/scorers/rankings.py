"""Scorers that compare two rankings of a prompt's responses, computed by `curation/ranking_scores.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import ArrayLike

from curation.algorithms.consistency import (
    kendall_consistency,
    spearman_consistency,
    top_order_consistency,
)
from curation.scorers.base import Needs, Scorer, Worse

CREAM = "Wang et al., arXiv 2410.12735"


@dataclass(frozen=True, kw_only=True)
class RankingScorer(Scorer):
    """One number for a prompt, which all its pairs have; `measure` compares two vectors of one length ≥ 2."""

    measure: Callable[[ArrayLike, ArrayLike], float]
    needs: Needs = Needs.RANKINGS
    directed: bool = False
    worse: Worse = Worse.LOW


RANKING_SCORERS: tuple[RankingScorer, ...] = (
    RankingScorer(
        name="kendall_consistency",
        label="Kendall consistency",
        help="How far two models, iterations or judges rank the responses of the prompt alike: 1 the same "
        "order, 0 the reverse. CREAM's own choice.",
        formula="(τ + 1) / 2 over the prompt's responses",
        source=CREAM,
        measure=kendall_consistency,
    ),
    RankingScorer(
        name="spearman_consistency",
        label="Spearman consistency",
        help="The same by the squared differences of ranks, so that far moves count more.",
        formula="(ρ + 1) / 2 over the prompt's responses",
        source=CREAM,
        measure=spearman_consistency,
    ),
    RankingScorer(
        name="top_order_consistency",
        label="Top-order consistency",
        help="1 where both name the same best response and the same worst, else 0, as the paper defines it; "
        "its published code compares the ranks of the first and the last sampled response.",
        formula="1 if best and worst coincide, else 0",
        source=CREAM,
        measure=top_order_consistency,
    ),
)
