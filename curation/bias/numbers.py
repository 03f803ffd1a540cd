"""Statistics as JSON: value, interval, n, and, where there is none, why."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.bootstrap import group_interval, weighted_mean
from curation.algorithms.intervals import Interval, accuracy_interval

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Statistic = dict[str, Any]

UNCERTAIN = "too few prompts for an interval"


def measured(value: float, interval: Interval, n: int) -> Statistic:
    known = not isnan(interval.low)
    return {
        "value": value,
        "low": interval.low if known else None,
        "high": interval.high if known else None,
        "n": n,
        "reason": "" if known else UNCERTAIN,
    }


def undefined(reason: str, n: int = 0) -> Statistic:
    return {"value": None, "low": None, "high": None, "n": n, "reason": reason}


def share(part: int, n: int, reason: str) -> Statistic:
    """With Wilson's interval; undefined for the reason given where n is 0."""
    if not n:
        return undefined(reason)
    return {**measured(part / n, accuracy_interval(part, n), n), "part": part}


def resampled(
    statistic: Callable[[FloatArray], float], prompt: IntArray, reason: str, n: int | None = None
) -> Statistic:
    """A statistic of row weights, its interval by resampling prompts; `n` defaults to the rows."""
    n = len(prompt) if n is None else n
    value = statistic(np.ones(len(prompt)))
    if isnan(value):
        return undefined(reason, n)
    return measured(value, group_interval(statistic, prompt), n)


def mean(values: FloatArray, prompt: IntArray, reason: str) -> Statistic:
    return resampled(lambda weight: weighted_mean(values, weight), prompt, reason)
