"""Which responses of a prompt to put side by side, as functions over arrays.

Each function returns two arrays of places in its input: the pairs. `group` says which responses may meet:
those of one prompt, or those of one prompt by one source. `number` ranks responses, the highest being the
best; one without a number (NaN) is in no ranked pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curation.algorithms.selection import own_draws, rank_within

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Places = tuple[IntArray, IntArray]


def all_pairs(group: IntArray) -> Places:
    """Every two of a group."""
    order = np.argsort(group, kind="stable")
    here = np.arange(len(order))
    later = _ends(group[order]) - 1 - here
    first = np.repeat(here, later)
    step = np.arange(len(first)) - np.repeat(np.cumsum(later) - later, later)
    return order[first], order[first + 1 + step]


def best_worst(group: IntArray, number: FloatArray) -> Places:
    """The best of each group with the worst: the `max_min` rule of RLHFlow."""
    order = _ranked(group, number)
    first, last = _starts(group[order]), _ends(group[order]) - 1
    here = np.flatnonzero((np.arange(len(order)) == first) & (last > first))
    return order[here], order[last[here]]


def best_against_each(group: IntArray, number: FloatArray) -> Places:
    """The best of each group with every other: the pairs of Curry-DPO (Pattnaik et al., arXiv 2403.07230)."""
    order = _ranked(group, number)
    first = _starts(group[order])
    other = np.flatnonzero(np.arange(len(order)) > first)
    return order[first[other]], order[other]


def best_random(group: IntArray, number: FloatArray, ids: IntArray, seed: int) -> Places:
    """The best of each group with one of the others, drawn by its own id: the pairs of Tülu 3 (Lambert et
    al., arXiv 2411.15124, `binarize_pref` of its code)."""
    best, other = best_against_each(group, number)
    drawn = rank_within(best, own_draws(ids[other], seed)) == 0
    return best[drawn], other[drawn]


def top_two(group: IntArray, number: FloatArray) -> Places:
    """The best of each group with the second best."""
    order = _ranked(group, number)
    first = _starts(group[order])
    second = np.flatnonzero(np.arange(len(order)) == first + 1)
    return order[first[second]], order[second]


def adjacent_ranks(group: IntArray, number: FloatArray) -> Places:
    """Each of a group with the next one by rank."""
    order = _ranked(group, number)
    same = np.flatnonzero(group[order][1:] == group[order][:-1])
    return order[same], order[same + 1]


def pareto_front(group: IntArray, numbers: FloatArray) -> Places:
    """Each response on the Pareto front of its group with each response that it dominates.

    `numbers` are (responses, numbers). y dominates z when no number of y is below that of z and at least one
    is above it; the front are the responses that none of their group dominates. Two responses with the same
    numbers do not dominate each other. One without all of its numbers (NaN) is in no pair and dominates none.
    MagicID (arXiv 2503.12689) pairs across such a front over two rewards.
    """
    known = np.flatnonzero(~np.isnan(numbers).any(axis=1))
    first, second = (known[places] for places in all_pairs(group[known]))
    above, below = (np.zeros(len(first), dtype=np.bool_) for _ in range(2))
    for number in numbers.T:
        above |= number[first] > number[second]
        below |= number[first] < number[second]
    over, under = above & ~below, below & ~above
    better, worse = np.r_[first[over], second[under]], np.r_[second[over], first[under]]
    dominated = np.zeros(len(group), dtype=np.bool_)
    dominated[worse] = True
    front = ~dominated[better]
    return better[front], worse[front]


def less_length(number: FloatArray, length: IntArray, penalty: float) -> FloatArray:
    """number − penalty · length: what ranks responses under the `max_min_p` rule of RLHFlow, whose lengths
    are in characters."""
    return number - penalty * length


def outside_band(first: FloatArray, second: FloatArray, low: float, high: float) -> BoolArray:
    """Whether the distance of two numbers lies outside low ≤ |difference| ≤ high."""
    distance = np.abs(first - second)
    outside: BoolArray = ~((distance >= low) & (distance <= high))
    return outside


def originals_and_edits(ids: IntArray, edited_from: IntArray) -> Places:
    """Each edit with the response it edits; `edited_from` is 0 where nothing was edited."""
    order = np.argsort(ids)
    edits = np.flatnonzero(edited_from)
    at = np.minimum(np.searchsorted(ids[order], edited_from[edits]), max(len(ids) - 1, 0))
    there = ids[order][at] == edited_from[edits] if len(ids) else np.zeros(0, dtype=np.bool_)
    return order[at[there]], edits[there]


def across(group: IntArray, better: BoolArray, worse: BoolArray) -> Places:
    """Each better response of a group with each worse one: gold against a model's own, as SPIN pairs them
    (Chen et al., arXiv 2401.01335), or right against wrong. No response is both."""
    first, second = all_pairs(group)
    ahead, behind = better[first] & worse[second], worse[first] & better[second]
    return np.r_[first[ahead], second[behind]], np.r_[second[ahead], first[behind]]


def styles(group: IntArray, long: BoolArray, short: BoolArray, right: BoolArray, margin: float) -> Places:
    """Each response in the better style of its group with each in the other: the group level of AdaR1 (Luo et
    al., arXiv 2504.21659).

    The long style is better where its share of right responses exceeds that of the short style by more than
    `margin`, else the short one is. No response is in both styles; a group without one of them has no pairs.
    """
    _, of = np.unique(group, return_inverse=True)
    n_groups = int(of.max(initial=-1)) + 1
    share = [
        np.bincount(of, weights=style & right, minlength=n_groups)
        / np.maximum(np.bincount(of, weights=style, minlength=n_groups), 1)
        for style in (long, short)
    ]
    # Rounded, so that 0.9 − 0.6 does not exceed 0.3 by dust.
    long_wins = (np.round(share[0] - share[1], 12) > margin)[of]
    return across(group, np.where(long_wins, long, short), np.where(long_wins, short, long))


def same_opening(group: IntArray, opening: IntArray, nothing: int) -> Places:
    """Every two of a group that begin with the same step, as Step-DPO pairs them (Lai et al., arXiv
    2406.18629); `opening` is `nothing` where a response has no step to begin with."""
    some = np.flatnonzero(opening != nothing)
    both = np.stack([group[some], opening[some]], axis=1)
    _, together = np.unique(both, axis=0, return_inverse=True)
    first, second = all_pairs(together.reshape(-1).astype(np.int64))
    return some[first], some[second]


def mean_probabilities(n: int, first: IntArray, second: IntArray, probability: FloatArray) -> FloatArray:
    """Per response, the mean probability to be the better one over its judged pairs; NaN without any.

    `probability` is that of `first` over `second`.
    """
    return _per_response(n, first, second, probability, 1 - probability, mean=True)


def copeland(n: int, first: IntArray, second: IntArray, winner: IntArray) -> FloatArray:
    """Per response, pairs won less pairs lost (Copeland, 1951); NaN without any judged pair.

    `winner` is +1 for `first`, −1 for `second`, 0 for a tie.
    """
    return _per_response(n, first, second, winner.astype(np.float64), -winner.astype(np.float64), mean=False)


def _per_response(
    n: int, first: IntArray, second: IntArray, of_first: FloatArray, of_second: FloatArray, *, mean: bool
) -> FloatArray:
    places = np.concatenate([first, second])
    seen = np.bincount(places, minlength=n)
    total = np.bincount(places, weights=np.concatenate([of_first, of_second]), minlength=n)
    # Rounded, so that dust does not rank two responses that did equally well.
    value = np.round(total / np.maximum(seen, 1) if mean else total, 12)
    return np.where(seen > 0, value, np.nan)


def _ranked(group: IntArray, number: FloatArray) -> IntArray:
    """Places with a number, group by group, the best first; equal numbers in order of place."""
    known = np.flatnonzero(~np.isnan(number))
    return known[np.lexsort((-number[known], group[known]))]


def _starts(groups: IntArray) -> IntArray:
    """Per element of an ordered array, where its group begins."""
    here = np.arange(len(groups))
    begins = np.r_[True, groups[1:] != groups[:-1]][: len(groups)]
    return np.maximum.accumulate(np.where(begins, here, 0))


def _ends(groups: IntArray) -> IntArray:
    """Per element of an ordered array, where the next group begins."""
    return len(groups) - _starts(groups[::-1])[::-1]
