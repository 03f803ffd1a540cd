"""Win rate of a model over a baseline from verdicts in both orders, with a bootstrap interval.

A prompt is won (1) or lost (0) only when both orders agree; a verdict that flips with the order is half
(Zheng et al., arXiv 2306.05685, section 3.4). The interval is the percentile bootstrap over prompts
(Efron and Tibshirani, 1993, chapter 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Outcome = Literal["win", "loss", "tie"]
POINTS: dict[Outcome, float] = {"win": 1.0, "tie": 0.5, "loss": 0.0}


@dataclass(frozen=True)
class PairOutcome:
    """What the two orders came to. `probability` is P(model better), both orders averaged."""

    outcome: Outcome
    probability: float
    flipped: bool


@dataclass(frozen=True)
class WinRate:
    rate: float
    low: float
    high: float


def pair_outcome(p_model_left: float, p_model_right: float) -> PairOutcome:
    """Combine P(model better) as judged with the model's answer on the left, then on the right."""
    for p in (p_model_left, p_model_right):
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is not a probability")
    mean = (p_model_left + p_model_right) / 2
    if p_model_left > 0.5 and p_model_right > 0.5:
        return PairOutcome("win", mean, flipped=False)
    if p_model_left < 0.5 and p_model_right < 0.5:
        return PairOutcome("loss", mean, flipped=False)
    return PairOutcome("tie", mean, flipped=(p_model_left - 0.5) * (p_model_right - 0.5) < 0)


def win_rate(
    outcomes: Sequence[Outcome], *, samples: int = 2000, confidence: float = 0.95, seed: int = 0
) -> WinRate:
    """Mean points over prompts with its percentile bootstrap interval. Raises when there are no outcomes."""
    if not outcomes:
        raise ValueError("a win rate needs at least one judged prompt")
    points = np.array([POINTS[outcome] for outcome in outcomes])
    draws = np.random.default_rng(seed).multinomial(
        len(points), np.full(len(points), 1 / len(points)), size=samples
    )
    low, high = np.quantile(draws @ points / len(points), [(1 - confidence) / 2, (1 + confidence) / 2])
    return WinRate(float(points.mean()), float(low), float(high))
