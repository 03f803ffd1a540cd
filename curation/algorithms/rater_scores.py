"""How sure and how united the raters of a pair are, and whether the winners of a prompt go in circles.

P stands for P(a is better); a voter's is (1 + lean) / 2. All logarithms are natural.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curation.algorithms.consensus import SKIP, VOTE, Ballots, Voters
from curation.algorithms.uncertainty import bald, binary_entropy

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# Wins tables of so many cells are multiplied at a time.
CELLS = 1 << 22


@dataclass(frozen=True)
class PairValues:
    """One value for each of these pairs, in order of pair, and the counts behind it."""

    pair: IntArray
    value: FloatArray
    details: dict[str, IntArray] = field(default_factory=dict)


def mean_entropy(found: Voters, counted: BoolArray) -> PairValues:
    """The mean over the `counted` voters of H(P), in [0, ln 2]: how unsure each is of itself."""
    p, at, pair, n = _members(found, counted)
    return PairValues(pair, np.bincount(at, weights=binary_entropy(p), minlength=len(n)) / n, {"raters": n})


def entropy_of_mean(found: Voters, counted: BoolArray) -> PairValues:
    """H of the mean P of the `counted` voters, in [0, ln 2]: how unsure they are together."""
    p, at, pair, n = _members(found, counted)
    mean = np.bincount(at, weights=p, minlength=len(n)) / n
    return PairValues(pair, binary_entropy(np.clip(mean, 0, 1)), {"raters": n})


def disagreement(found: Voters, counted: BoolArray) -> PairValues:
    """BALD with the `counted` voters as members of the ensemble, in [0, ln 2]; pairs with one have none.

    The mutual information of answer and rater: what would be learnt about the answer from who gives it.
    """
    p, _, pair, n = _members(found, counted)
    start = np.cumsum(n) - n
    value = np.zeros(len(n))
    for size in np.unique(n[n > 1]).tolist():
        same = np.flatnonzero(n == size)
        members = p[start[same][:, np.newaxis] + np.arange(size)].T
        value[same] = bald(np.stack([members, 1 - members], axis=2))
    several = n > 1
    return PairValues(pair[several], value[several], {"raters": n[several]})


def self_sure(ballots: Ballots, stated: BoolArray) -> BoolArray:
    """Which ballots tell how sure their rater is: those of a stated probability, and of a rater who answered
    in both orders, since a verdict in one order tells nothing of certainty."""
    return stated | _in_both_orders(ballots)


def unanimity(ballots: Ballots, other: PairValues | None = None) -> PairValues:
    """The share of two predictions of a pair's winner that agree, in [0, 1]: 1 where all name the same.

    After SCIR (arXiv 2502.08922), which keeps a pair where its internal judges agree in every order. A
    prediction is what a rater says in one presentation order, of raters who answered in both, or the sign of
    a value of `other`, such as a gap of implicit rewards. One that names no winner agrees with nothing.
    A pair with fewer than two predictions has no value.
    """
    pair, vote = _predictions(ballots)
    if other is not None:
        pair, vote = np.r_[pair, other.pair], np.r_[vote, np.sign(other.value)]
    pairs, at = np.unique(pair, return_inverse=True)
    a, b, neither = (np.bincount(at[vote == side], minlength=len(pairs)) for side in (1, -1, 0))
    n = a + b + neither
    several = n > 1
    agreeing, all_of = a * (a - 1) + b * (b - 1), n * (n - 1)
    return PairValues(
        pairs[several],
        agreeing[several] / all_of[several],
        {"a": a[several], "b": b[several], "neither": neither[several]},
    )


def transitivity(pair: IntArray, prompt: IntArray, winner: IntArray, loser: IntArray) -> PairValues:
    """The share of a pair's triads that are no cycle, in [0, 1].

    A triad is the pair and a third response of its prompt that has won or lost against both; it is a cycle
    where each of the three beats the next (Kendall and Babington Smith, 1940). One element for each decided
    pair; `winner` and `loser` are response ids. A pair without a triad has no value.
    """
    n = len(pair)
    cyclic, triads = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for rows, graph, at_winner, at_loser, size in _graphs(prompt, winner, loser):
        beats = np.zeros((graph.max() + 1, size, size), dtype=np.float32)
        beats[graph, at_winner, at_loser] = 1
        met = beats + beats.transpose(0, 2, 1)
        # A circle: the loser beats a third that beats the winner.
        cyclic[rows] = (beats @ beats)[graph, at_loser, at_winner]
        triads[rows] = (met @ met)[graph, at_winner, at_loser]
    order = np.argsort(pair)
    order = order[triads[order] > 0]
    value = 1 - cyclic[order] / np.maximum(triads[order], 1)
    return PairValues(pair[order], value, {"triads": triads[order], "cyclic": cyclic[order]})


def _members(found: Voters, counted: BoolArray) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """(P of each counted vote, the place of its pair, those pairs, votes on each), in order of pair."""
    member = found.voted & counted
    places, at = np.unique(found.at_pair[member], return_inverse=True)
    return (1 + found.lean[member]) / 2, at, found.pair[places], np.bincount(at, minlength=len(places))


def _seats(ballots: Ballots) -> IntArray:
    """A number for each (pair, rater) of the ballots."""
    _, at_rater = np.unique(ballots.rater, return_inverse=True)
    _, at_pair = np.unique(ballots.pair, return_inverse=True)
    seats: IntArray = at_pair * (at_rater.max(initial=0) + 1) + at_rater
    return np.unique(seats, return_inverse=True)[1]


def _in_both_orders(ballots: Ballots) -> BoolArray:
    """Which ballots are of a rater who answered on the pair in both orders."""
    seat, answers = _seats(ballots), ballots.kind != SKIP
    n = seat.max(initial=0) + 1
    left_a, left_b = (
        np.bincount(seat[answers & side], minlength=n) > 0 for side in (ballots.left_is_a, ~ballots.left_is_a)
    )
    both: BoolArray = answers & left_a[seat] & left_b[seat]
    return both


def _predictions(ballots: Ballots) -> tuple[IntArray, FloatArray]:
    """(pair, +1 a, −1 b or 0) for each rater and order, of raters who answered in both."""
    both = _in_both_orders(ballots)
    seats = (_seats(ballots) * 2 + ballots.left_is_a)[both]
    leans = np.where(ballots.kind == VOTE, np.where(ballots.left_is_a, 1, -1) * ballots.lean, 0.0)[both]
    _, first, at = np.unique(seats, return_index=True, return_inverse=True)
    total = np.bincount(at, weights=leans, minlength=len(first))
    return ballots.pair[both][first], np.sign(np.round(total, 12))


def _graphs(
    prompt: IntArray, winner: IntArray, loser: IntArray
) -> Iterator[tuple[IntArray, IntArray, IntArray, IntArray, int]]:
    """Prompts of one size at a time: (rows, graph of each, place of winner and of loser in it, size)."""
    if not len(prompt):
        return
    at_prompt: IntArray = np.unique(prompt, return_inverse=True)[1]
    ends: IntArray = np.concatenate([winner, loser])
    responses = np.unique(ends)
    at_response = np.searchsorted(responses, ends)
    home = np.zeros(len(responses), dtype=np.int64)
    home[at_response] = np.r_[at_prompt, at_prompt]
    order = np.argsort(home, kind="stable")
    sizes = np.bincount(home)
    place: IntArray = np.empty(len(responses), dtype=np.int64)
    place[order] = np.arange(len(responses)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at_winner, at_loser = place[at_response[: len(winner)]], place[at_response[len(winner) :]]
    for size in np.unique(sizes[sizes > 2]).tolist():
        graphs = np.flatnonzero(sizes == size)
        parts = min(len(graphs), 1 + len(graphs) * size * size // CELLS)
        for chunk in np.array_split(graphs, parts):
            number = np.full(len(sizes), -1, dtype=np.int64)
            number[chunk] = np.arange(len(chunk))
            rows = np.flatnonzero(number[at_prompt] >= 0)
            yield rows, number[at_prompt[rows]], at_winner[rows], at_loser[rows], size
