"""Ranks of a prompt's responses by its judged pairs, and how many ranks lie between the two of a pair."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curation.algorithms.pairing import mean_probabilities

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def rank_gaps(
    group: IntArray, first: IntArray, second: IntArray, winner: IntArray, probability: FloatArray
) -> FloatArray:
    """Per judged pair, the rank of its loser less the rank of its winner; NaN without a winner.

    The gap by rank of Curry-DPO (Pattnaik et al., arXiv 2403.07230), with ranks by the pairs themselves: a
    response ranks among those of its group by its mean probability to be the better one, over its pairs
    here. `group` is the prompt, `first` and `second` are ids of responses, `probability` that of `first` over
    `second`, and `winner` +1 for `first`, −1 for `second`, 0 for a tie, which counts in the ranks all the
    same. The gap lies below 0 where a response beats one that ranks higher.
    """
    responses, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    n = len(responses)
    of_first, of_second = places[: len(first)], places[len(first) :]
    group_of = np.zeros(n, dtype=np.int64)
    group_of[of_first] = group_of[of_second] = group
    rank = mean_ranks(group_of, mean_probabilities(n, of_first, of_second, probability))
    return np.where(winner == 0, np.nan, winner * (rank[of_second] - rank[of_first]))


def mean_ranks(group: IntArray, number: FloatArray) -> FloatArray:
    """The rank of each place in its group, 1 for the highest number; equals share the mean of their ranks."""
    order = np.lexsort((-number, group))
    groups, numbers, here = group[order], number[order], np.arange(len(order))
    new_group = np.r_[True, groups[1:] != groups[:-1]][: len(order)]
    new_number = new_group | np.r_[True, numbers[1:] != numbers[:-1]][: len(order)]
    starts = np.flatnonzero(new_number)
    run = np.cumsum(new_number) - 1
    last = np.append(starts[1:], len(order))[run] - 1
    rank = np.empty(len(order))
    rank[order] = (starts[run] + last) / 2 - np.maximum.accumulate(np.where(new_group, here, 0)) + 1
    return rank
