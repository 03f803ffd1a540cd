"""Scores of an estimator trained on a project's judgments, computed by the worker `estimate`."""

from __future__ import annotations

from dataclasses import dataclass

from curation.scorers.base import Needs, Scorer, Worse

UPO = "Wang et al., arXiv 2409.11212"


@dataclass(frozen=True, kw_only=True)
class EstimateScorer(Scorer):
    needs: Needs = Needs.ESTIMATOR


ESTIMATE_SCORERS: tuple[EstimateScorer, ...] = (
    EstimateScorer(
        name="upo_bald",
        label="UPO BALD",
        help="What the passes of the estimator with dropout disagree on: 0 where all say the same, 0.69 "
        "where each is sure of another winner. UPO samples pairs by it.",
        formula="H[mean over passes of p] − mean over passes of H[p]",
        source=UPO,
        directed=False,
        worse=Worse.HIGH,
        unit="nats",
    ),
    EstimateScorer(
        name="upo_probability",
        label="UPO probability",
        help="How likely the estimator finds the chosen response to be the better one, averaged over its "
        "passes. Below 0.5 it contradicts the choice.",
        formula="mean over passes of p(chosen beats rejected)",
        source=UPO,
        directed=True,
        worse=Worse.LOW,
        unit="probability",
    ),
    EstimateScorer(
        name="upo_majority",
        label="UPO majority",
        help="1 where most passes of the estimator prefer the chosen response, −1 where most prefer the "
        "other, 0 where neither has more. UPO drops the pairs with −1.",
        formula="sign of the passes for chosen − those for rejected",
        source=UPO,
        directed=True,
        worse=Worse.LOW,
    ),
)
