"""Confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """`undefined` counts the bootstrap resamples in which the statistic had no value."""

    low: float
    high: float
    undefined: int = 0


def accuracy_interval(correct: int, total: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a share (Wilson, 1927; Newcombe, 1998, method 3).

    No answers say nothing: total = 0 gives 0…1, the formula's limit.
    """
    require_confidence(confidence)
    if not 0 <= correct <= total:
        raise ValueError(f"{correct} right out of {total} is not a share")
    if total == 0:
        return Interval(0.0, 1.0)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    centre = (correct + z2 / 2) / (total + z2)
    half = sqrt(z2 * (correct * (total - correct) / total + z2 / 4)) / (total + z2)
    return Interval(max(centre - half, 0.0), min(centre + half, 1.0))


def require_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
