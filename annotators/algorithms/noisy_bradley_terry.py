"""Scores of items from comparisons by raters who differ in skill and may favour a side."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotators.algorithms.convergence import minimise
from annotators.algorithms.ratings import FloatArray, IntArray, Labels, Values, coded, dot, totals

Winner = Literal["left", "right", "tie"]
Comparison = tuple[Hashable, Hashable, Hashable, Winner]
LEFT_WINS: dict[Winner, float] = {"left": 1.0, "tie": 0.5, "right": 0.0}

# Gaussian priors, as (mean, standard deviation): weak beside a few dozen answers. They hold still what the
# data leave open: the scores' common shift, an item that never lost, the bias of a rater who never guesses.
SCORE_PRIOR = (0.0, 3.0)
SKILL_PRIOR = (3.0, 2.0)  # of the logit: a new rater judges in 95 % of the answers
BIAS_PRIOR = (0.0, 1.0)  # of the logit

ROWS_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class ComparisonTable:
    """Comparison j: rater[j] saw left[j] and right[j] (codes of `raters` and `items`); `left_wins` is 1, ½
    for a tie, or 0."""

    left: IntArray
    right: IntArray
    rater: IntArray
    left_wins: FloatArray
    items: Labels
    raters: Labels

    @classmethod
    def of(cls, comparisons: Comparisons) -> ComparisonTable:
        """From (left item, right item, rater, winner), where winner is "left", "right" or "tie"."""
        if isinstance(comparisons, ComparisonTable):
            return comparisons
        try:
            left, right, rater, winner = tuple(zip(*comparisons, strict=True)) or ((), (), (), ())
            left_wins = np.array([LEFT_WINS[side] for side in winner], dtype=np.float64)
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError("every comparison must be (left, right, rater, left | right | tie)") from error
        return cls.from_arrays(left, right, rater, left_wins)

    @classmethod
    def from_arrays(
        cls, left: Values, right: Values, rater: Values, left_wins: FloatArray
    ) -> ComparisonTable:
        """From four columns of equal length; numpy columns of numbers or strings are the fast way."""
        if len({len(left), len(right), len(rater), len(left_wins)}) > 1:
            raise ValueError("left, right, rater and winner must be four columns of one length")
        if not np.all((left_wins >= 0) & (left_wins <= 1)):
            raise ValueError("what the left side wins lies between 0 and 1")
        arrays = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
        codes, items = coded(np.concatenate([left, right]) if arrays else [*left, *right])
        rater_codes, raters = coded(rater)
        lefts, rights = codes[: len(left)], codes[len(left) :]
        if np.any(lefts == rights):
            raise ValueError("an item was compared with itself")
        return cls(lefts, rights, rater_codes, left_wins, items, raters)


Comparisons = ComparisonTable | Sequence[Comparison]


@dataclass(frozen=True, eq=False)
class NoisyBradleyTerry:
    """`scores` (items,) have mean 0 on the logit scale. `skill` (raters,): the share of answers in which the
    rater judges; in the others the left side wins with probability `left_bias` (½: no bias)."""

    items: Labels
    scores: FloatArray
    raters: Labels
    skill: FloatArray
    left_bias: FloatArray
    n_iter: int


def noisy_bradley_terry(comparisons: Comparisons, n_iter: int = 1000, tol: float = 1e-4) -> NoisyBradleyTerry:
    """P(left wins) = skill · σ(score_left − score_right) + (1 − skill) · left_bias.

    Bradley and Terry (1952) mixed with a coin for each rater, as crowd-kit's NoisyBradleyTerry; here with
    proper priors, a tie as half a win for each side, and ConvergenceError where the gradient of the log
    posterior, per standard error, does not fall to `tol`. Items that no chain of comparisons links are
    comparable by prior only.
    """
    table = ComparisonTable.of(comparisons)
    if not len(table.left):
        raise ValueError("there are no comparisons")
    n_items, n_raters = len(table.items), len(table.raters)
    start = np.concatenate([np.zeros(n_items), np.full(n_raters, SKILL_PRIOR[0]), np.zeros(n_raters)])
    scale = _scale(table)

    def scaled(at: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = loss_and_gradient(at * scale, table)
        return loss, gradient * scale

    at, used = minimise(scaled, start / scale, n_iter=n_iter, tol=tol)
    scores, skill, bias = _parts(at * scale, table)
    return NoisyBradleyTerry(
        items=table.items,
        scores=scores - scores.mean(),
        raters=table.raters,
        skill=_sigmoid(skill),
        left_bias=_sigmoid(bias),
        n_iter=used,
    )


def _scale(table: ComparisonTable) -> FloatArray:
    """About one standard error of each parameter. A rater answers thousands of times and an item twice: with
    steps of one length for both, a million comparisons do not settle in a thousand steps."""
    n_items, n_raters = len(table.items), len(table.raters)
    of_item = np.bincount(table.left, minlength=n_items) + np.bincount(table.right, minlength=n_items)
    of_rater = np.bincount(table.rater, minlength=n_raters)
    information = np.concatenate([of_item / 8, of_rater / 20, of_rater / 50])
    deviations = np.repeat([SCORE_PRIOR[1], SKILL_PRIOR[1], BIAS_PRIOR[1]], [n_items, n_raters, n_raters])
    scale: FloatArray = 1 / np.sqrt(information + 1 / deviations**2)
    return scale


def loss_and_gradient(parameters: FloatArray, table: ComparisonTable) -> tuple[float, FloatArray]:
    """Minus the log posterior, summed over comparisons, and its gradient.

    `parameters` holds the items' scores, then the logits of the raters' skill, then of their left bias.
    """
    scores, skill, bias = _parts(parameters, table)
    judging, leftward = _sigmoid(skill), _sigmoid(bias)
    n_items, n_raters = len(table.items), len(table.raters)
    by_score = np.empty(len(table.left))
    by_judging, by_leftward = np.zeros(n_raters), np.zeros(n_raters)
    loss = 0.0
    # A million rows at once would pass through memory some thirty times; these stay in the cache.
    for start in range(0, len(table.left), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        rater, won = table.rater[rows], table.left_wins[rows]
        g, q = judging[rater], leftward[rater]
        p = _sigmoid(scores[table.left[rows]] - scores[table.right[rows]])
        left, right = g * p + (1 - g) * q, g * (1 - p) + (1 - g) * (1 - q)
        loss -= float((won * np.log(left) + (1 - won) * np.log(right)).sum())
        slope = (1 - won) / right - won / left
        by_score[rows] = slope * g * p * (1 - p)
        by_judging += totals(rater, slope * (p - q), n_raters)
        by_leftward += totals(rater, slope, n_raters)
    gradient = np.concatenate(
        [
            totals(table.left, by_score, n_items) - totals(table.right, by_score, n_items),
            by_judging * judging * (1 - judging),
            by_leftward * (1 - judging) * leftward * (1 - leftward),
        ]
    )
    mean, deviation = np.repeat(
        [SCORE_PRIOR, SKILL_PRIOR, BIAS_PRIOR], [n_items, n_raters, n_raters], axis=0
    ).T
    away = (parameters - mean) / deviation
    return loss + dot(away, away) / 2, gradient + away / deviation


def _parts(parameters: FloatArray, table: ComparisonTable) -> tuple[FloatArray, FloatArray, FloatArray]:
    n_items, n_raters = len(table.items), len(table.raters)
    scores, skill, bias = np.split(parameters, [n_items, n_items + n_raters])
    return scores, skill, bias


def _sigmoid(x: FloatArray) -> FloatArray:
    """Clipped so that its logarithm, and that of its complement, stay finite."""
    return 1 / (1 + np.exp(-np.clip(x, -36, 36)))
