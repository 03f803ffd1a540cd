"""Every two raters who answered the same pairs, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np

from annotators.algorithms.agreement import cohen_kappa
from annotators.algorithms.ratings import FloatArray, IntArray
from annotators.quality.labels import labels_of
from annotators.quality.statistics import ALL_ALIKE
from curation.algorithms.consensus import BoolArray, Voters

MOST = 300  # rater pairs in a report: 64 people make 2,016, and nobody reads those
Weights = Literal["linear", "quadratic"]


@dataclass(frozen=True)
class CoRatings:
    """Element j: raters `first[j]` < `second[j]` both answered pair `pair[j]`, saying `said` and `other`;
    preferences are NaN where one of them named none."""

    pair: IntArray
    first: IntArray
    second: IntArray
    said: IntArray
    other: IntArray
    preference: FloatArray
    other_preference: FloatArray

    @property
    def same(self) -> BoolArray:
        same: BoolArray = self.said == self.other
        return same


def co_ratings(found: Voters) -> CoRatings:
    """Voters come in order of pair, then rater: co-raters of each stand right behind it."""
    said = np.flatnonzero(found.answered)
    pair, rater, label = found.at_pair[said], found.rater[said], labels_of(found)[said]
    preference = np.where(found.voted, found.preference, np.nan)[said]
    ones, others = [], []
    for distance in range(1, int(np.bincount(pair).max(initial=1))):
        one = np.flatnonzero(pair[distance:] == pair[:-distance])
        ones.append(one)
        others.append(one + distance)
    none = np.zeros(0, dtype=np.int64)
    i, j = np.concatenate([none, *ones]), np.concatenate([none, *others])
    return CoRatings(pair[i], rater[i], rater[j], label[i], label[j], preference[i], preference[j])


def rater_pairs(found: CoRatings) -> dict[str, Any]:
    """The pairs of raters with the most in common: n, percent agreement and Cohen's κ, plain on winners,
    linear and quadratic on strengths."""
    order = np.lexsort((found.second, found.first))
    first, second = found.first[order], found.second[order]
    edges = np.flatnonzero((np.diff(first, prepend=-1) != 0) | (np.diff(second, prepend=-1) != 0))
    blocks = [block for block in np.split(order, edges[1:]) if len(block)]
    blocks.sort(key=len, reverse=True)
    return {
        "rows": [rater_pair(found, block) for block in blocks[:MOST]],
        "left_out": max(len(blocks) - MOST, 0),
    }


def rater_pair(found: CoRatings, rows: IntArray) -> dict[str, Any]:
    stated = rows[~np.isnan(found.preference[rows]) & ~np.isnan(found.other_preference[rows])]
    weights: tuple[Weights, ...] = ("linear", "quadratic")
    weighted: dict[str, Any] = {
        weight: defined(
            cohen_kappa(found.preference[stated], found.other_preference[stated], weight)
            if len(stated)
            else float("nan")
        )
        for weight in weights
    }
    return {
        "first": int(found.first[rows[0]]),
        "second": int(found.second[rows[0]]),
        "n": len(rows),
        "percent": float(found.same[rows].mean()),
        "kappa": defined(cohen_kappa(found.said[rows], found.other[rows])),
        "n_stated": len(stated),
        **weighted,
    }


def defined(value: float) -> dict[str, Any]:
    return {"value": None, "reason": ALL_ALIKE} if isnan(value) else {"value": value, "reason": ""}
