"""How far raters agree, beyond chance or not, with a bootstrap interval.

`ratings` is a RatingTable or a sequence of (item, rater, value). A result that the data cannot define is
nan: no item with two ratings, or only one value in use, so that chance alone explains all agreement.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import nan
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from annotators.algorithms.ratings import (
    FloatArray,
    IntArray,
    Ratings,
    RatingTable,
    Values,
    as_numbers,
    coded,
    dot,
    totals,
)
from curation.algorithms.intervals import Interval, require_confidence

Level = Literal["nominal", "ordinal", "interval"]
LEVELS: tuple[Level, ...] = get_args(Level)
Weights = Literal["linear", "quadratic"]

# A statistic of a table as a function of how many copies of each item there are.
OfCopies = Callable[[FloatArray], float]


def percent_agreement(ratings: Ratings) -> float:
    """The share of pairs of raters who gave an item the same value, all pairs of all items pooled.

    An item with m ratings has m(m−1)/2 pairs, so it counts the more the more raters it had.
    """
    table = RatingTable.of(ratings)
    return _percent_of(table)(np.ones(len(table.items)))


def cohen_kappa(a: Values, b: Values, weights: Weights | None = None) -> float:
    """Chance-corrected agreement of two raters' values on the same items, in the same order.

    Cohen (1960); with weights, disagreement grows with the distance between the *places* of the two values
    among the sorted values in use, or with its square (Cohen, 1968; scikit-learn does the same). Weights
    need numbers.
    """
    if len(a) != len(b):
        raise ValueError(f"two raters must answer the same items, not {len(a)} and {len(b)}")
    if weights not in {None, *get_args(Weights)}:
        raise ValueError(f"weights must be None, linear or quadratic, not {weights!r}")
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    codes, labels = coded(np.concatenate([a, b]) if arrays else [*a, *b])
    if weights:
        as_numbers(labels)
    if len(labels) < 2:
        return nan
    first, second = codes[: len(a)], codes[len(a) :]
    p, q = (np.bincount(side, minlength=len(labels)) / len(a) for side in (first, second))
    if weights is None:
        return _kappa(np.mean(first != second), 1 - p @ q)
    if weights == "linear":
        below_p, below_q = np.cumsum(p), np.cumsum(q)
        expected = below_p @ (1 - below_q) + below_q @ (1 - below_p)
        return _kappa(np.mean(np.abs(first - second)), expected)
    expected = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    return _kappa(np.mean((first - second) ** 2), expected)


def _kappa(observed: Any, expected: Any) -> float:
    return float(1 - observed / expected)


def fleiss_kappa(counts: npt.ArrayLike | RatingTable) -> float:
    """Chance-corrected agreement when every item has the same number of raters, not the same people.

    `counts` is (items, categories): how many raters put the item there (Fleiss, 1971).
    """
    table = np.asarray(counts.counts() if isinstance(counts, RatingTable) else counts, dtype=np.float64)
    if table.ndim != 2 or not np.all((table >= 0) & (table == np.floor(table))):
        raise ValueError("expected a matrix of whole counts, items by categories")
    raters = table.sum(axis=1)
    if len(set(raters.tolist())) > 1:
        raise ValueError("items differ in their number of ratings: Krippendorff's alpha can read that")
    if table.size == 0 or raters[0] < 2 or np.count_nonzero(table.sum(axis=0)) < 2:
        return nan
    n = float(raters[0])
    share = table.sum(axis=0) / table.sum()
    agreeing = float((table * (table - 1)).sum()) / (len(table) * n * (n - 1))
    return _kappa(1 - agreeing, 1 - share @ share)


def krippendorff_alpha(ratings: Ratings, level: Level = "nominal") -> float:
    """1 − observed / expected disagreement, for any number of raters per item and any gaps.

    Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability". Items with one rating are ignored.
    `ordinal` reads only the order of the numbers, `interval` their differences.
    """
    table = RatingTable.of(ratings)
    return _alpha_of(table, level)(np.ones(len(table.items)))


def bootstrap_interval(
    statistic: Callable[[RatingTable], float],
    ratings: Ratings,
    n: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """Percentile interval over n resamples of the items (Efron and Tibshirani, 1993, chapter 13).

    All ratings of an item move together, and an item drawn twice counts as two items. `statistic` gets a
    RatingTable. A resample in which it is nan is left out and counted in `undefined`; where more than a share
    1 − confidence is, the tails are unknown and both ends are nan.
    `percent_agreement`, `krippendorff_alpha` and a `functools.partial` of it take a shorter way to the
    same distribution: many items share one bag of values, so a resample is a draw of numbers of copies.
    """
    require_confidence(confidence)
    if n < 1:
        raise ValueError(f"a bootstrap needs at least one resample, not {n}")
    table = RatingTable.of(ratings)
    if not table.items:
        return Interval(nan, nan, n)
    rng = np.random.default_rng(seed)
    prepare = _by_copies(statistic)
    values = _resample_bags(prepare, table, n, rng) if prepare else _resample(statistic, table, n, rng)
    defined = values[~np.isnan(values)]
    undefined = n - len(defined)
    if undefined > (1 - confidence) * n or undefined == n:
        return Interval(nan, nan, undefined)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), undefined)


def _by_copies(statistic: Callable[..., Any]) -> Callable[[RatingTable], OfCopies] | None:
    if statistic is krippendorff_alpha:
        return _alpha_of
    if isinstance(statistic, partial) and statistic.func is krippendorff_alpha and not statistic.args:
        return partial(_alpha_of, **statistic.keywords)
    if statistic is percent_agreement:
        return _percent_of
    return None


def _resample(
    statistic: Callable[[RatingTable], float], table: RatingTable, n: int, rng: np.random.Generator
) -> FloatArray:
    n_items = len(table.items)
    draws = (table.take_items(rng.integers(n_items, size=n_items)) for _ in range(n))
    return np.array([statistic(draw) for draw in draws], dtype=np.float64)


def _resample_bags(
    prepare: Callable[[RatingTable], OfCopies], table: RatingTable, n: int, rng: np.random.Generator
) -> FloatArray:
    n_items = len(table.items)
    bag_of, first = _bags(table)
    of_copies = prepare(table.take_items(first))
    share = np.bincount(bag_of) / n_items

    def draw() -> IntArray:
        # A multinomial costs one binomial for each bag, far more than an index does.
        if 20 * len(first) < n_items:
            return rng.multinomial(n_items, share)
        return np.bincount(bag_of[rng.integers(n_items, size=n_items)], minlength=len(first))

    return np.array([of_copies(draw().astype(np.float64)) for _ in range(n)])


def _bags(table: RatingTable) -> tuple[IntArray, IntArray]:
    """For each item the number of its bag of values, and for each bag an item that has it."""
    order, start, size = table.by_item
    values = table.value[order[np.lexsort((table.value[order], table.item[order]))]]
    by_size = np.argsort(-size, kind="stable")
    code = np.zeros(len(size), dtype=np.int64)
    for place in range(int(size.max())):
        longer = by_size[: np.searchsorted(-size[by_size], -place)]
        keys = code[longer] * len(table.labels) + values[start[longer] + place]
        _, code[longer] = np.unique(keys, return_inverse=True)
    # Codes of different sizes were counted apart: only the two together name a bag.
    _, first, bag_of = np.unique(code * (size.max() + 1) + size, return_index=True, return_inverse=True)
    return bag_of, first


def _percent_of(table: RatingTable) -> OfCopies:
    size = table.by_item.size
    pairs, agreeing = size * (size - 1.0), _agreeing_pairs(table)

    def of_copies(copies: FloatArray) -> float:
        total = dot(copies, pairs)
        return dot(copies, agreeing) / total if total else nan

    return of_copies


def _alpha_of(table: RatingTable, level: Level = "nominal") -> OfCopies:
    """Ordinal distances are differences of mid-ranks, so ordinal is interval on ranks that move with the
    marginals; both need only sums of squares, never a matrix of values by values."""
    if level not in LEVELS:
        raise ValueError(f"the level must be one of {', '.join(LEVELS)}, not {level!r}")
    size = table.by_item.size
    paired = size[table.item] > 1
    item, value = table.item[paired], table.value[paired]
    others = np.maximum(size - 1.0, 1.0)
    agreeing = _agreeing_pairs(table) if level == "nominal" else None
    numbers = None if level == "nominal" else table.numbers()

    def of_copies(copies: FloatArray) -> float:
        marginal = totals(value, copies[item], len(table.labels))
        if np.count_nonzero(marginal) < 2:
            return nan
        n = marginal.sum()
        if numbers is None:
            observed = size * (size - 1.0) - agreeing
            expected = n * n - dot(marginal, marginal)
        else:
            at = _mid_ranks(numbers, marginal) if level == "ordinal" else numbers
            at = _centred(at, marginal)
            observed = 2.0 * size * _squares_within(at[value], item, size)
            expected = 2.0 * n * dot(marginal, at**2)
        return float(1 - (n - 1) * dot(copies, observed / others) / expected)

    return of_copies


def _agreeing_pairs(table: RatingTable) -> FloatArray:
    """Per item, the ordered pairs of raters who gave it the same value."""
    n_labels = len(table.labels)
    keys = np.sort(table.item * n_labels + table.value)
    edges = np.flatnonzero(np.diff(keys, prepend=-1, append=-1))
    run = np.diff(edges)
    return totals(keys[edges[:-1]] // max(n_labels, 1), run * (run - 1.0), len(table.items))


def _mid_ranks(numbers: FloatArray, marginal: FloatArray) -> FloatArray:
    order = np.argsort(numbers)
    ranks = np.empty_like(numbers)
    ranks[order] = np.cumsum(marginal[order]) - marginal[order] / 2
    return ranks


def _centred(at: FloatArray, marginal: FloatArray) -> FloatArray:
    """About the mean and within ±1: alpha keeps its value, and squares neither overflow nor vanish."""
    used = marginal > 0
    at = at / np.max(np.abs(at[used]))
    at = at - dot(marginal[used], at[used]) / marginal.sum()
    centred: FloatArray = np.where(used, at, 0.0) / np.max(np.abs(at[used]))
    return centred


def _squares_within(at: FloatArray, item: IntArray, size: IntArray) -> FloatArray:
    """Per item, the sum of squares about its own mean."""
    mean = totals(item, at, len(size)) / size
    return totals(item, (at - mean[item]) ** 2, len(size))
