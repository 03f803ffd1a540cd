"""The filters of a recipe, as functions over arrays: which pairs stay, and why the others go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """What one filter says of n pairs.

    `why[i]` is 0 where pair i is kept, else the 1-based place of its reason in `reasons`. A numeric filter
    also tells the number it looked at (`values`, NaN where there is none) and where it cut (`borders`).
    """

    why: IntArray
    reasons: tuple[str, ...]
    values: FloatArray | None = None
    borders: tuple[float, ...] = ()

    @property
    def keep(self) -> BoolArray:
        kept: BoolArray = self.why == 0
        return kept

    def counts(self) -> dict[str, int]:
        """How many pairs went for each reason that took at least one."""
        n = np.bincount(self.why, minlength=len(self.reasons) + 1)
        return {reason: int(n[i]) for i, reason in enumerate(self.reasons, start=1) if n[i]}


def first_reason(failing: Mapping[str, BoolArray], n: int) -> tuple[IntArray, tuple[str, ...]]:
    """Per pair the place of the first reason that holds, 0 where none does."""
    why = np.zeros(n, dtype=np.int64)
    for place, mask in enumerate(failing.values(), start=1):
        why[(why == 0) & mask] = place
    return why, tuple(failing)


def consensus_exists(winner: IntArray, known: BoolArray, answered: BoolArray, chosen: IntArray) -> Cut:
    """Keep pairs whose winner (+1 a, −1 b, 0 tie) is the one `chosen`.

    `known` is false where nobody answered; `answered` is false where everyone said both bad.
    """
    failing = {
        "no judgment": ~known,
        "both bad": ~answered,
        "tie": winner == 0,
        "names the other response": winner != chosen,
    }
    return Cut(*first_reason(failing, len(winner)))


def min_margin(margin: FloatArray, threshold: float) -> Cut:
    """Keep margins of at least `threshold`; NaN is dropped."""
    why, reasons = first_reason({f"margin below {threshold:g}": ~(margin >= threshold)}, len(margin))
    return Cut(why, reasons, margin, (threshold,))


def drop_top(score: FloatArray, pair: IntArray, percent: float, *, keep_missing: bool, name: str) -> Cut:
    """Drop the ⌊percent/100 · m⌋ highest of the m scores there are; equal scores go by smaller pair id.

    Razin et al. (arXiv 2410.08847, section 6) filter by rank alone: there is no absolute threshold.
    A pair without a finite score is outside the ranking, and kept or dropped by `keep_missing`.
    """
    scored = np.isfinite(score)
    ranked = np.flatnonzero(scored)[np.lexsort((pair[scored], -score[scored]))]
    # A Fraction of the decimal as typed: 0.29 % of 10,000 must be 29, not 28.
    n_top = int(Fraction(str(percent)) * len(ranked) / 100)
    top = np.zeros(len(score), dtype=np.bool_)
    top[ranked[:n_top]] = True
    failing = {f"no {name} score": ~scored & (not keep_missing), f"highest {percent:g} % by {name}": top}
    borders = (float(score[ranked[n_top - 1]]),) if n_top else ()
    return Cut(*first_reason(failing, len(score)), np.where(scored, score, np.nan), borders)


def length_ratio(chosen: IntArray, rejected: IntArray, low: float, high: float) -> Cut:
    """Keep low ≤ len(chosen) / len(rejected) ≤ high. An empty rejected response has no ratio."""
    ratio = np.full(len(chosen), np.nan)
    np.divide(chosen, rejected, out=ratio, where=rejected > 0)
    failing = {
        "rejected is empty": rejected == 0,
        f"chosen shorter than {low:g} × rejected": ratio < low,
        f"chosen longer than {high:g} × rejected": ratio > high,
    }
    return Cut(*first_reason(failing, len(chosen)), ratio, (low, high))


@dataclass(frozen=True)
class Verdicts:
    """Judges' current verdicts: `at` is the place of the pair among those asked about, `vote` is +1 for a,
    −1 for b, 0 for neither."""

    at: IntArray
    judge: IntArray
    left_is_a: BoolArray
    vote: IntArray


def judges_agree(verdicts: Verdicts, n: int, *, require_judge: bool) -> Cut:
    """Keep pairs for which every judge, in both presentation orders, names one and the same winner."""
    judges, at_judge = np.unique(verdicts.judge, return_inverse=True)
    seats, first, at_seat = np.unique(
        verdicts.at * max(len(judges), 1) + at_judge, return_index=True, return_inverse=True
    )
    pair_of = verdicts.at[first]
    one_order = ~(
        _any(at_seat, len(seats), verdicts.left_is_a) & _any(at_seat, len(seats), ~verdicts.left_is_a)
    )
    says_a, says_b = verdicts.vote > 0, verdicts.vote < 0
    flipped = _any(at_seat, len(seats), says_a) & _any(at_seat, len(seats), says_b)
    failing = {
        "no judge": (np.bincount(verdicts.at, minlength=n) == 0) & require_judge,
        "judged in one order only": _any(pair_of, n, one_order),
        "a judge names no winner": _any(verdicts.at, n, verdicts.vote == 0),
        "verdict flips with the order": _any(pair_of, n, flipped),
        "judges name different winners": _any(verdicts.at, n, says_a) & _any(verdicts.at, n, says_b),
    }
    return Cut(*first_reason(failing, n))


def _any(group: IntArray, n_groups: int, which: BoolArray) -> BoolArray:
    """Per group, whether any of its elements is marked."""
    return np.bincount(group[which], minlength=n_groups) > 0
