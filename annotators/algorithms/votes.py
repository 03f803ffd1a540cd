"""Conclusions from votes by fixed rules: weighted by gold accuracy, or from the three most similar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from annotators.algorithms.ratings import FloatArray, Labels, Ratings, RatingTable, totals

# A rater counts as one who already got 3 of 4 gold items right: two mistakes at the start silence nobody.
EXPECTED_RIGHT, EXPECTED_TOTAL = 3, 4

LARGEST_SPREAD = 2


@dataclass(frozen=True, eq=False)
class WeightedVotes:
    """`posteriors` (items, labels): P(the item's true value is the label)."""

    items: Labels
    labels: Labels
    posteriors: FloatArray


def gold_weight(correct: int, total: int, n_labels: int = 2) -> float:
    """The log odds of a rater's vote, ln(p (k − 1) / (1 − p)), from answers on gold items.

    p = (correct + 3) / (total + 4). It is the optimal weight of an independent vote whose errors fall
    evenly on the other labels (Nitzan and Paroush, 1982); below chance it is negative.
    """
    if not 0 <= correct <= total or n_labels < 2:
        raise ValueError(f"{correct} right out of {total} among {n_labels} labels gives no weight")
    accuracy = (correct + EXPECTED_RIGHT) / (total + EXPECTED_TOTAL)
    return log(accuracy * (n_labels - 1) / (1 - accuracy))


def weighted_majority(ratings: Ratings, weight: Mapping[Any, float]) -> WeightedVotes:
    """Votes with each rater's `weight` in log odds: posteriors ∝ exp(sum of weights), equal priors."""
    table = RatingTable.of(ratings)
    if missing := [rater for rater in table.raters if rater not in weight]:
        raise ValueError(f"no weight for rater {missing[0]!r}")
    weights = np.array([weight[rater] for rater in table.raters], dtype=np.float64)
    if not np.all(np.isfinite(weights)):
        raise ValueError("every weight must be a finite number")
    n_items, n_labels = len(table.items), len(table.labels)
    cells = totals(table.item * n_labels + table.value, weights[table.rater], n_items * n_labels)
    cells = cells.reshape(n_items, n_labels)
    odds = np.exp(cells - cells.max(axis=1, keepdims=True, initial=-np.inf))
    return WeightedVotes(table.items, table.labels, odds / odds.sum(axis=1, keepdims=True))


def three_most_similar(values: Sequence[float]) -> int | None:
    """The rounded mean of the three values closest together; None where they settle nothing.

    The rule of HelpSteer2-Preference (Wang et al., arXiv 2410.01257): no conclusion when the three spread
    over more than 2, or their mean rounds to 0. Ours: fewer than three values are all used; where several
    threes are equally close, their means are averaged; halves round away from 0. So a mirrored scale
    mirrors the conclusion.
    """
    _, conclusions = three_most_similar_by_item([(0, rater, value) for rater, value in enumerate(values)])
    return int(conclusions[0]) if len(conclusions) and np.isfinite(conclusions[0]) else None


def three_most_similar_by_item(ratings: Ratings) -> tuple[Labels, FloatArray]:
    """The items and the conclusion of `three_most_similar` for each, nan where it is None.

    In sorted values the closest three are neighbours: only windows of three need a look.
    """
    table = RatingTable.of(ratings)
    _, start, size = table.by_item
    numbers = table.numbers()[table.value]
    numbers = numbers[np.lexsort((numbers, table.item))]
    width = np.minimum(size, 3)
    windows = size - width + 1
    item = np.repeat(np.arange(len(size)), windows)
    first = np.arange(len(item)) - np.repeat(np.cumsum(windows) - windows, windows) + start[item]
    spread = numbers[first + width[item] - 1] - numbers[first]
    least = np.full(len(size), np.inf)
    np.minimum.at(least, item, spread)
    closest = spread == least[item]
    sums = np.concatenate([[0.0], np.cumsum(numbers)])
    sum_of = (sums[first + width[item]] - sums[first])[closest]
    total = totals(item[closest], sum_of, len(size))
    mean = total / (np.bincount(item[closest], minlength=len(size)) * width)
    rounded = np.sign(mean) * np.floor(np.abs(mean) + 0.5)
    return table.items, np.where((least > LARGEST_SPREAD) | (rounded == 0), np.nan, rounded)
