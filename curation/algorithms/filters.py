"""The filters of a recipe, as functions over arrays: which pairs stay, and why the others go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from curation.algorithms.selection import easy_pairs, own_draws, quantile_slice, rank_within, weighted_sample
from curation.algorithms.uncertainty import certain_weights, uncertain_weights

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Note:
    """A sentence, and the prompt that it ends with, if any."""

    text: str
    prompt: int | None = None


@dataclass(frozen=True)
class Cut:
    """What one filter says of n pairs.

    `why[i]` is 0 where pair i is kept, else the 1-based place of its reason in `reasons`. A numeric filter
    also tells the number it looked at (`values`, NaN where there is none) and where it cut (`borders`), one
    by named values how many pairs have each (`named`). `notes` say what else a reader should know.
    """

    why: IntArray
    reasons: tuple[str, ...]
    values: FloatArray | None = None
    borders: tuple[float, ...] = ()
    named: tuple[tuple[str, int], ...] = ()
    notes: tuple[Note, ...] = ()

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


def percent_of(percent: float, n: int) -> int:
    """⌊percent/100 · n⌋ of the decimal as it was typed: 0.29 % of 10,000 is 29, not 28."""
    return int(Fraction(str(percent)) * n / 100)


def consensus_exists(
    winner: IntArray, known: BoolArray, answered: BoolArray, chosen: IntArray, probability: FloatArray
) -> Cut:
    """Keep pairs whose winner (+1 a, −1 b, 0 tie) is the one `chosen`.

    `known` is false where nobody answered; `answered` is false where everyone said both bad. `probability` is
    that of a being better; the number of the cut is that of the chosen response.
    """
    failing = {
        "no judgment": ~known,
        "both bad": ~answered,
        "tie": winner == 0,
        "names the other response": winner != chosen,
    }
    of_chosen = np.where(chosen < 0, 1 - probability, probability)
    of_chosen[~(known & answered)] = np.nan
    return Cut(*first_reason(failing, len(winner)), of_chosen, (0.5,))


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
    n_top = percent_of(percent, len(ranked))
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


def score_band(
    score: FloatArray, low: float | None, high: float | None, *, keep_missing: bool, name: str
) -> Cut:
    """Keep low ≤ score ≤ high; None is no border. A score that is not finite counts as missing."""
    scored = np.isfinite(score)
    failing = {f"no {name} score": ~scored & (not keep_missing)}
    if low is not None:
        failing[f"{name} below {low:g}"] = scored & (score < low)
    if high is not None:
        failing[f"{name} above {high:g}"] = scored & (score > high)
    borders = tuple(border for border in (low, high) if border is not None)
    return Cut(*first_reason(failing, len(score)), np.where(scored, score, np.nan), borders)


def percentile_band(
    score: FloatArray, pair: IntArray, low: float, high: float, *, keep_missing: bool, name: str
) -> Cut:
    """Keep, of the m scores there are in ascending order, those from ⌊low/100 · m⌋ up to ⌊high/100 · m⌋.

    Bands that meet share no pair and leave none out. Equal scores rank by pair id.
    """
    scored = np.isfinite(score)
    ranked = np.flatnonzero(scored)[np.lexsort((pair[scored], score[scored]))]
    start, stop = percent_of(low, len(ranked)), percent_of(high, len(ranked))
    below, above = np.zeros(len(score), dtype=np.bool_), np.zeros(len(score), dtype=np.bool_)
    below[ranked[:start]], above[ranked[stop:]] = True, True
    failing = {
        f"no {name} score": ~scored & (not keep_missing),
        f"lowest {low:g} % by {name}": below,
        f"above percentile {high:g} by {name}": above,
    }
    return Cut(
        *first_reason(failing, len(score)),
        np.where(scored, score, np.nan),
        _ends(score[ranked[start:stop]], score[below | above]),
    )


def around_quantile(score: FloatArray, quantile: float, n: int, *, name: str) -> Cut:
    """Keep the n pairs whose scores lie around the quantile (see `quantile_slice`)."""
    scored = np.isfinite(score)
    taken = quantile_slice(score, quantile, n)
    outside = scored.copy()
    outside[taken] = False
    failing = {f"no {name} score": ~scored, f"not among the {n} around quantile {quantile:g}": outside}
    return Cut(
        *first_reason(failing, len(score)),
        np.where(scored, score, np.nan),
        _ends(score[taken], score[outside]),
    )


def _ends(taken: FloatArray, others: FloatArray) -> tuple[float, ...]:
    """The lowest and the highest of the ascending scores taken, where there are others beyond them."""
    if not len(taken):
        return ()
    low, high = float(taken[0]), float(taken[-1])
    return ((low,) if np.any(others <= low) else ()) + ((high,) if np.any(others >= high) else ())


def cap_per_value(value: IntArray, pair: IntArray, limit: int, *, seed: int, what: str) -> Cut:
    """Keep at most `limit` pairs of each value, drawn at random. Its number is the size of the group."""
    _, group, sizes = np.unique(value, return_inverse=True, return_counts=True)
    over = rank_within(group, own_draws(pair, seed)) >= limit
    why, reasons = first_reason({f"more than {limit} of one {what}": over}, len(value))
    return Cut(why, reasons, sizes[group].astype(np.float64), (float(limit),))


def overlap_below(
    share: FloatArray, test_set: IntArray, set_names: Sequence[str], threshold: float, n: int
) -> Cut:
    """Keep pairs whose prompt covers at most this share of any eval prompt; NaN was not tested and stays.

    `test_set` is the place, among the names, of the set whose prompt is covered most.
    """
    reasons = tuple(
        f"covers over {threshold:g} of an eval prompt {name} with {n}-grams" for name in set_names
    )
    return Cut(np.where(share > threshold, test_set + 1, 0), reasons, share, (threshold,))


def balance_length(chosen: IntArray, rejected: IntArray, pair: IntArray, percent: float) -> Cut:
    """Drop the fewest pairs so that the chosen response is longer in at most `percent` of those left.

    Only pairs with the longer chosen response can help by going: the largest differences go first, equal ones
    by smaller pair id.
    """
    lead = chosen - rejected
    longer = np.flatnonzero(lead > 0)
    most = Fraction(str(percent)) / 100
    n_other = len(lead) - len(longer)
    allowed = int(most * n_other / (1 - most)) if most < 1 else len(longer)
    gone = longer[np.lexsort((pair[longer], -lead[longer]))][: max(len(longer) - allowed, 0)]
    over = np.zeros(len(lead), dtype=np.bool_)
    over[gone] = True
    reason = f"chosen is longer, in over {percent:g} % of the pairs: largest difference"
    borders = (float(lead[gone[-1]]),) if len(gone) else ()
    return Cut(*first_reason({reason: over}, len(lead)), lead.astype(np.float64), borders)


def sample_by_entropy(
    entropy: FloatArray, pair: IntArray, percent: float, *, certain: bool, seed: int, name: str = "entropy"
) -> Cut:
    """Keep ⌊percent/100 · m⌋ of the m pairs that have an entropy, drawn without replacement ∝ 1 − entropy
    (certain) or ∝ entropy; the others go.

    Fewer are kept where fewer have a weight above 0. BALD may stand for the entropy; `name` is what a pair
    without one lacks.
    """
    known = np.flatnonzero(np.isfinite(entropy))
    weights = np.zeros(len(entropy))
    weights[known] = certain_weights(entropy[known]) if certain else uncertain_weights(entropy[known])
    drawn = weighted_sample(weights, percent_of(percent, len(known)), seed=seed, ids=pair)
    left = np.ones(len(entropy), dtype=np.bool_)
    left[drawn] = False
    failing = {
        f"no {name} score": ~np.isfinite(entropy),
        "weight 0": left & (weights == 0),
        "not drawn": left,
    }
    return Cut(*first_reason(failing, len(entropy)), entropy)


def with_number(values: FloatArray, *, missing: str) -> Cut:
    """Keep pairs that have a finite number."""
    return Cut(*first_reason({missing: ~np.isfinite(values)}, len(values)), values)


def share_of_score(share: FloatArray, score: FloatArray, *, name: str) -> Cut:
    """Keep pairs with a score whose `share`, made of it, lies in 0…1. Its number is the share."""
    scored = np.isfinite(score)
    failing = {f"no {name} score": ~scored, f"{name} outside 0 to 1": scored & ~((share >= 0) & (share <= 1))}
    return Cut(*first_reason(failing, len(score)), share)


def filled(cut: Cut, instead: FloatArray) -> Cut:
    """Keep the pairs that have no number too, with the one that stands `instead`; NaN stands for none."""
    if cut.values is None:
        raise ValueError("a cut without numbers has none to fill")
    lacks = ~np.isfinite(cut.values) & np.isfinite(instead)
    return Cut(np.where(lacks, 0, cut.why), cut.reasons, np.where(lacks, instead, cut.values))


def easy_or_hard(gap: FloatArray, percentile: float, *, easy: bool, missing: str) -> Cut:
    """Keep the pairs with |gap| ≥ γ, or the others; γ is a percentile of |gap| (see `easy_pairs`)."""
    found = np.isfinite(gap)
    if not found.any():
        return with_number(gap, missing=missing)
    is_easy = np.zeros(len(gap), dtype=np.bool_)
    is_easy[found], gamma = easy_pairs(gap[found], percentile)
    reason = f"gap below {gamma:g}" if easy else f"gap of {gamma:g} or more"
    failing = {missing: ~found, reason: found & (is_easy != easy)}
    return Cut(*first_reason(failing, len(gap)), np.abs(gap), (gamma,))


def confirmed(
    chosen: FloatArray, rejected: FloatArray, *, judges: BoolArray, second: BoolArray, name: str
) -> Cut:
    """Keep pairs that score higher as they are labelled than the other way round, and that the judges or a
    second score confirm. Its number is the difference."""
    lead = chosen - rejected
    failing = {
        f"no {name} score": ~np.isfinite(lead),
        f"{name} does not confirm the label": ~(lead > 0),
        "neither judges nor the second score confirm the label": ~(judges | second),
    }
    return Cut(*first_reason(failing, len(lead)), lead, (0.0,))


def not_excluded(why: IntArray, reasons: Sequence[str]) -> Cut:
    """Keep pairs where `why` is 0; elsewhere it is the 1-based place of the reason for which the prompt is
    excluded."""
    return Cut(why, tuple(f"prompt excluded: {reason}" for reason in reasons))


def values_that_stay(value: IntArray, stays: BoolArray, reasons: Sequence[str]) -> Cut:
    """Keep pairs whose value, a place in `stays`, stays; `reasons` says of each value why its pairs go.

    What it names are the values that stay, then the others, each as its reason does.
    """
    n = np.bincount(value, minlength=len(stays)).tolist()
    order = sorted(range(len(stays)), key=lambda at: (not stays[at], -n[at]))
    named = tuple((f"{reasons[at]}, {'kept' if stays[at] else 'dropped'}", n[at]) for at in order if n[at])
    return Cut(np.where(stays[value], 0, value + 1), tuple(reasons), named=named)


def first_of_each(*keys: IntArray) -> Cut:
    """Keep the first of the pairs that are alike in all keys. Its number is how many are alike."""
    n = len(keys[0])
    order = np.lexsort(keys)
    differs = np.zeros(n, dtype=np.bool_)
    for key in keys:
        differs[1:] |= key[order][1:] != key[order][:-1]
    again = np.zeros(n, dtype=np.bool_)
    again[order] = ~differs
    again[order[:1]] = False
    group = np.cumsum(~again[order]) - 1
    alike = np.empty(n)
    alike[order] = np.bincount(group)[group]
    return Cut(*first_reason({"same texts as an earlier pair": again}, n), alike, (1.0,))


@dataclass(frozen=True)
class Verdicts:
    """Judges' current verdicts: `at` is the place of the pair among those asked about, `vote` is +1 for a,
    −1 for b, 0 for neither."""

    at: IntArray
    judge: IntArray
    left_is_a: BoolArray
    vote: IntArray


def judges_agree(verdicts: Verdicts, n: int, *, require_judge: bool) -> Cut:
    """Keep pairs for which every judge, in both presentation orders, names one and the same winner.

    Its number is the share of the pair's verdicts that name its most frequent winner.
    """
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
    n_a, n_b, n_all = (
        np.bincount(verdicts.at[which], minlength=n) for which in (says_a, says_b, says_a | ~says_a)
    )
    share = np.full(n, np.nan)
    np.divide(np.maximum(n_a, n_b), n_all, out=share, where=n_all > 0)
    return Cut(*first_reason(failing, n), share, (1.0,))


def _any(group: IntArray, n_groups: int, which: BoolArray) -> BoolArray:
    """Per group, whether any of its elements is marked."""
    return np.bincount(group[which], minlength=n_groups) > 0
