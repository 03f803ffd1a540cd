"""How far a linear probe tells two sets of responses apart, and by what.

After More is Less (arXiv 2504.02193): where chosen and rejected responses are linearly separable by surface
features, a model can learn the features instead of the preference. The probe is a logistic regression with
an L2 penalty; it is measured on responses to prompts it has not seen.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.bootstrap import group_interval, weighted_mean
from curation.algorithms.intervals import Interval
from curation.algorithms.ranking import Ranked

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# Dense, or a scipy.sparse array in rows: only products and row selection are asked of it.
Matrix = Any

FOLDS = 5
TOLERANCE, MAX_ROUNDS, MAX_DIRECTIONS = 1e-7, 100, 400


class ConvergenceError(ArithmeticError):
    """The fit did not settle."""


class ProbeError(ValueError):
    """There is too little to fit a probe on; says what."""


@dataclass(frozen=True)
class Fit:
    """P(positive) = σ(x · weights + intercept)."""

    weights: FloatArray
    intercept: float

    def scores(self, x: Matrix) -> FloatArray:
        scores: FloatArray = x @ self.weights + self.intercept
        return scores


@dataclass(frozen=True)
class Probe:
    """What cross-validation found; `fit` is of all rows, to read what gives them away.

    `scores` are (rows,), each by the fit that has not seen its group: above 0 for the positive set.
    `baseline` is the accuracy of always naming the larger set. Intervals resample groups.
    """

    n: int
    n_positive: int
    n_groups: int
    accuracy: float
    accuracy_interval: Interval
    auc: float
    auc_interval: Interval
    baseline: float
    scores: FloatArray
    fit: Fit


def fit_logistic(x: Matrix, positive: BoolArray, l2: float = 1.0) -> Fit:
    """Newton's method on Σ log(1 + exp(−s·z)) + l2/2 · ‖weights‖², z = x·weights + intercept, s = ±1.

    `x` is (rows, features). The intercept is not penalised. Each step is solved by conjugate gradients, so
    that the Hessian of thousands of words is never built. Raises ProbeError unless both kinds of rows are
    there, ConvergenceError where it does not settle.
    """
    if l2 <= 0:
        raise ValueError(f"the penalty must be above 0, not {l2}: separable rows have no fit without it")
    if not positive.any() or positive.all():
        raise ProbeError("all responses belong to one of the two sets")
    objective = _Objective(x, positive, l2)
    point = np.zeros(x.shape[1] + 1)
    value, gradient, spread = objective.at(point)
    for _ in range(MAX_ROUNDS):
        if np.abs(gradient).max() <= TOLERANCE * len(positive):
            return Fit(point[:-1], float(point[-1]))
        step = objective.newton_step(gradient, spread)
        slope = float(gradient @ step)
        length = 1.0
        while length > 1e-8 and objective.at(point + length * step)[0] > value + 1e-4 * length * slope:
            length /= 2
        point = point + length * step
        value, gradient, spread = objective.at(point)
    raise ConvergenceError(f"the probe did not settle in {MAX_ROUNDS} rounds")


class _Objective:
    """The penalised loss; a point is (features + 1,), the intercept last."""

    def __init__(self, x: Matrix, positive: BoolArray, l2: float) -> None:
        self._x, self._back, self._y = x, x.T, positive.astype(np.float64)
        self._penalty = np.append(np.full(x.shape[1], l2), 0.0)

    def at(self, point: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Value, gradient, and the variance p(1 − p) of each row."""
        z = self._x @ point[:-1] + point[-1]
        p = _sigmoid(z)
        value = float(
            np.logaddexp(0, np.where(self._y > 0, -z, z)).sum() + (self._penalty * point) @ point / 2
        )
        return value, self._down(p - self._y) + self._penalty * point, p * (1 - p)

    def newton_step(self, gradient: FloatArray, spread: FloatArray) -> FloatArray:
        """−H⁻¹ gradient, the more precise the smaller the gradient (Nocedal and Wright, 2006, 7.1)."""
        size = float(np.linalg.norm(gradient))
        enough = min(0.1, np.sqrt(size / len(spread))) * size
        step, left = np.zeros_like(gradient), -gradient
        direction, norm = left, float(left @ left)
        for _ in range(MAX_DIRECTIONS):
            curved = (
                self._down(spread * (self._x @ direction[:-1] + direction[-1])) + self._penalty * direction
            )
            curvature = float(direction @ curved)
            if curvature <= 0:  # rounding: the intercept alone, of rows that are all certain
                break
            along = norm / curvature
            step, left = step + along * direction, left - along * curved
            before, norm = norm, float(left @ left)
            if np.sqrt(norm) <= enough:
                break
            direction = left + norm / before * direction
        return step if step.any() else -gradient

    def _down(self, rows: FloatArray) -> FloatArray:
        return np.append(self._back @ rows, rows.sum())


def _sigmoid(z: FloatArray) -> FloatArray:
    p: FloatArray = np.exp(-np.logaddexp(0, -z))
    return p


def group_folds(groups: IntArray, k: int = FOLDS, seed: int = 0) -> IntArray:
    """The fold, 0 to k − 1, of each row: groups stay whole, the largest is dealt first, to the smallest fold.

    Raises ProbeError for fewer groups than folds.
    """
    names, at, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < k:
        raise ProbeError(f"{k} folds need responses to at least {k} prompts; there are {len(names)}")
    order = np.lexsort((np.random.default_rng(seed).random(len(names)), -sizes))
    fold_of = np.empty(len(names), dtype=np.int64)
    folds = [(0, fold) for fold in range(k)]
    for group in order.tolist():
        size, fold = folds[0]
        fold_of[group] = fold
        heapq.heapreplace(folds, (size + int(sizes[group]), fold))
    return fold_of[at]


def standardised(x: FloatArray) -> FloatArray:
    """Columns with mean 0 and standard deviation 1; one that never varies becomes 0."""
    spread = x.std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(x).max(axis=0, initial=0.0), 1.0)
    scaled: FloatArray = np.where(varies, (x - x.mean(axis=0)) / np.where(varies, spread, 1.0), 0.0)
    return scaled


def probe(
    x: Matrix, positive: BoolArray, groups: IntArray, *, l2: float = 1.0, folds: int = FOLDS, seed: int = 0
) -> Probe:
    """Cross-validate: each group is scored by a fit that has not seen it.

    Scores of different fits are on different scales, so the AUC compares only rows of one fold.
    Raises ProbeError where a fold leaves nothing to learn from.
    """
    fold = group_folds(groups, folds, seed)
    scores = np.empty(len(positive))
    for held_out in range(folds):
        learn, test = np.flatnonzero(fold != held_out), np.flatnonzero(fold == held_out)
        scores[test] = fit_logistic(x[learn], positive[learn], l2).scores(x[test])
    right = ((scores > 0) == positive).astype(np.float64)
    ranked = Ranked(scores, positive, fold)
    if np.isnan(ranked.auc()):
        raise ProbeError("no fold has responses of both sets")
    share = float(positive.mean())
    return Probe(
        n=len(positive),
        n_positive=int(positive.sum()),
        n_groups=len(np.unique(groups)),
        accuracy=float(right.mean()),
        accuracy_interval=group_interval(lambda weight: weighted_mean(right, weight), groups, seed=seed),
        auc=ranked.auc(),
        auc_interval=group_interval(ranked.auc, groups, seed=seed),
        baseline=max(share, 1 - share),
        scores=scores,
        fit=fit_logistic(x, positive, l2),
    )
