"""Agreement statistics as JSON: value, interval, n, and, where there is none, why."""

from __future__ import annotations

from functools import partial
from math import isnan
from typing import Any

import numpy as np

from annotators.algorithms.agreement import (
    Level,
    bootstrap_interval,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
)
from annotators.algorithms.ratings import IntArray, RatingTable
from annotators.quality.labels import preference_table, winner_table
from curation.algorithms.consensus import BoolArray, Voters
from curation.algorithms.intervals import Interval

NO_OVERLAP = "no pair was answered by two raters"
ALL_ALIKE = "everyone gave the same answer to everything, so nothing is left beyond chance"
UNEQUAL = "the number of raters differs between pairs; Krippendorff's α does not mind"
UNCERTAIN = "too many resamples have no value"
Statistic = dict[str, Any]
LEVELS: dict[str, Level] = {
    "alpha_nominal": "nominal",
    "alpha_ordinal": "ordinal",
    "alpha_interval": "interval",
}


def agreement(found: Voters, which: BoolArray | None = None, *, resamples: int) -> dict[str, Any]:
    """Every statistic over the voters marked in `which`, of pairs with at least two of them."""
    chosen = found if which is None else chosen_voters(found, which)
    winners, strengths = co_rated(winner_table(chosen)), co_rated(preference_table(chosen))
    alphas = {
        name: measured(
            partial(krippendorff_alpha, level=level), winners if level == "nominal" else strengths, resamples
        )
        for name, level in LEVELS.items()
    }
    return {
        "n_pairs": len(winners.items),
        "n_ratings": len(winners),
        "percent": measured(percent_agreement, winners, resamples),
        "fleiss": fleiss(winners, alphas["alpha_nominal"]),
        **alphas,
    }


def chosen_voters(found: Voters, which: BoolArray) -> Voters:
    return Voters(
        pair=found.pair,
        **{name: column[which] for name, column in vars(found).items() if name != "pair"},
    )


def co_rated(table: RatingTable) -> RatingTable:
    """The items with at least two ratings."""
    several = np.flatnonzero(table.by_item.size > 1)
    return table if len(several) == len(table.items) else kept_items(table, several)


def kept_items(table: RatingTable, kept: IntArray) -> RatingTable:
    place = np.full(len(table.items), -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    rows = place[table.item] >= 0
    return RatingTable.from_arrays(
        place[table.item[rows]], table.rater[rows], np.array(table.labels)[table.value[rows]]
    )


def measured(statistic: Any, table: RatingTable, resamples: int) -> Statistic:
    """The statistic with its bootstrap interval, resampling pairs."""
    if not len(table.items):
        return undefined(NO_OVERLAP)
    value = statistic(table)
    if isnan(value):
        return undefined(ALL_ALIKE)
    return with_interval(value, bootstrap_interval(statistic, table, n=resamples), len(table.items))


def with_interval(value: float, interval: Interval, n: int) -> Statistic:
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


def fleiss(winners: RatingTable, alpha: Statistic) -> Statistic:
    """Fleiss' κ. With m raters on each of n pairs, 1 − α = (1 − κ)·(nm − 1)/nm, in every resample too: so its
    interval is that of the nominal α on another scale."""
    if not len(winners.items):
        return undefined(NO_OVERLAP)
    if len(set(winners.by_item.size.tolist())) > 1:
        return undefined(UNEQUAL, len(winners.items))
    value = fleiss_kappa(winners)
    if isnan(value):
        return undefined(ALL_ALIKE, len(winners.items))
    scale = len(winners) / (len(winners) - 1)
    low, high = (None if end is None else 1 - (1 - end) * scale for end in (alpha["low"], alpha["high"]))
    return {"value": value, "low": low, "high": high, "n": len(winners.items), "reason": alpha["reason"]}
