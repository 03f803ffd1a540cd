"""Intervals of statistics over rows that come in groups, such as the responses of one prompt."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, nan

import numpy as np
import numpy.typing as npt

from curation.algorithms.intervals import Interval, require_confidence

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

RESAMPLES = 200


def group_interval(
    statistic: Callable[[FloatArray], float],
    groups: IntArray,
    n: int = RESAMPLES,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval over n resamples of whole groups (Efron and Tibshirani, 1993, chapter 13).

    `groups` is (rows,); `statistic` gets how often each row was drawn, (rows,). Resamples in which it is nan
    are left out and counted; where more than a share 1 − confidence is, both ends are nan.
    """
    require_confidence(confidence)
    names, at = np.unique(groups, return_inverse=True)
    if not len(names):
        return Interval(nan, nan, n)
    rng = np.random.default_rng(seed)
    drawn = (
        np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names)).astype(np.float64)
        for _ in range(n)
    )
    values = [value for times in drawn if not isnan(value := statistic(times[at]))]
    undefined = n - len(values)
    if undefined > (1 - confidence) * n:
        return Interval(nan, nan, undefined)
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), undefined)


def weighted_mean(values: FloatArray, weight: FloatArray) -> float:
    """nan where nothing has weight."""
    total = float(weight.sum())
    return float(weight @ values) / total if total else nan
