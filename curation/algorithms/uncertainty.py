"""How sure an estimator is of a pair, from several stochastic passes (UPO, Wang et al., arXiv 2409.11212).

`probabilities` is (passes, items, classes): what each pass, such as one with Monte Carlo dropout, says of
each item. All logarithms are natural.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

NO_MAJORITY = -1
# How far a softmax in half precision may miss a sum of 1.
SUM_TOLERANCE = 2e-3


def bald(probabilities: ArrayLike) -> FloatArray:
    """(items,): H[mean over passes] − mean over passes of H, in [0, ln classes].

    What the passes disagree on (Houlsby et al., arXiv 1112.5745): 0 where all say the same, even if that is
    a coin toss.
    """
    passes = _passes(probabilities)
    # Only rounding leaves the range.
    score: FloatArray = np.clip(
        entropy(passes.mean(axis=0)) - entropy(passes).mean(axis=0), 0.0, np.log(passes.shape[2])
    )
    return score


def entropy(probabilities: ArrayLike) -> FloatArray:
    """−Σ p ln p over the last axis, with 0 ln 0 = 0."""
    p = np.asarray(probabilities, dtype=np.float64)
    terms: FloatArray = -p * np.log(p, out=np.zeros_like(p), where=p > 0)
    total: FloatArray = terms.sum(axis=-1)
    return total


def binary_entropy(probability: ArrayLike) -> FloatArray:
    """The entropy of {p, 1 − p} for each p, in [0, ln 2]."""
    p = np.asarray(probability, dtype=np.float64)
    return entropy(np.stack([p, 1 - p], axis=-1))


def majority(probabilities: ArrayLike) -> tuple[IntArray, FloatArray]:
    """The class that most passes find likeliest, and the share of passes that do; both (items,).

    A pass that finds two classes equally likely votes for neither. Where two classes have as many votes there
    is no majority: the class is −1. (The reference code gives both ties to class 0, the chosen response.)
    """
    passes = _passes(probabilities)
    top = passes == passes.max(axis=2, keepdims=True)
    votes = (top & (top.sum(axis=2, keepdims=True) == 1)).sum(axis=0)
    most = votes.max(axis=1)
    alone = (votes == most[:, np.newaxis]).sum(axis=1) == 1
    return np.where(alone, votes.argmax(axis=1), NO_MAJORITY), most / passes.shape[0]


def certain_weights(uncertainty: ArrayLike) -> FloatArray:
    """UPO's sampling weights for easy pairs: ∝ max(0, 1 − uncertainty), summing to 1 unless all are 0."""
    return _shares(1 - np.asarray(uncertainty, dtype=np.float64))


def uncertain_weights(uncertainty: ArrayLike) -> FloatArray:
    """UPO's sampling weights for hard pairs: ∝ max(0, uncertainty), summing to 1 unless all are 0."""
    return _shares(np.asarray(uncertainty, dtype=np.float64))


def _shares(weight: FloatArray) -> FloatArray:
    weight = np.maximum(weight, 0.0)
    total = weight.sum()
    shares: FloatArray = weight / total if total > 0 else weight
    return shares


def _passes(probabilities: ArrayLike) -> FloatArray:
    passes = np.asarray(probabilities, dtype=np.float64)
    if passes.ndim != 3 or passes.shape[0] < 1 or passes.shape[2] < 1:
        raise ValueError(f"expected (passes, items, classes), got shape {passes.shape}")
    if not np.all(passes >= 0) or np.any(np.abs(passes.sum(axis=2) - 1) > SUM_TOLERANCE):
        raise ValueError("the classes of each item must be probabilities that sum to 1")
    return passes
