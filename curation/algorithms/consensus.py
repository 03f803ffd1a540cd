"""What a pair's judgments come to, as arrays: who wins, by how much, and how the votes fell.

A vote is a *lean* in [−1, 1] towards a response, 2·P(better) − 1. Leans are odd under swapping a and b,
so every result here is exactly symmetric: no rounding can favour a side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

Method = Literal["mean_probability", "majority"]
METHODS: tuple[Method, ...] = get_args(Method)

VOTE, BOTH_BAD, SKIP = 0, 1, 2

# P(better) that a stated strength stands for when the rater gave no probability: slightly, better, much
# better. A convention, not a measurement: it keeps the strengths in order and lets no one person be certain.
STATED_PROBABILITY = {1: 0.65, 2: 0.85, 3: 0.95}
_LEAN_BY_STRENGTH = np.array([0.0, *(round(2 * p - 1, 6) for p in STATED_PROBABILITY.values())])


@dataclass(frozen=True)
class Ballots:
    """The current judgments, one element each. `lean` points to the response shown left; it is read
    only where `kind` is VOTE, and is 0 for a tie."""

    pair: IntArray
    rater: IntArray
    is_judge: BoolArray
    left_is_a: BoolArray
    kind: IntArray
    lean: FloatArray


@dataclass(frozen=True)
class Conclusions:
    """One element per pair with at least one answer other than a skip, in order of pair.

    `lean` is 2·P(a better) − 1; its sign names the winner. The counts are of raters, not judgments: a
    rater voted a, b or tie, or else said both bad, or else only skipped. `flips` counts raters whose two
    presentation orders name different winners.
    """

    pair: IntArray
    lean: FloatArray
    counts: dict[str, IntArray]

    @property
    def probability(self) -> FloatArray:
        return (1 + self.lean) / 2

    @property
    def margin(self) -> FloatArray:
        return np.abs(self.lean)


def stated_lean(preference: IntArray, probability: FloatArray) -> FloatArray:
    """The lean towards left of each answer: from its probability, or (where that is NaN) its strength."""
    by_strength = np.sign(preference) * _LEAN_BY_STRENGTH[np.abs(preference)]
    return np.where(np.isnan(probability), by_strength, 2 * probability - 1)


def conclude(ballots: Ballots, method: Method) -> Conclusions:
    """Each rater's orders are averaged first, then raters, each with one vote.

    `mean_probability` averages leans. `majority` counts heads: an order counts as a, b or a tie, so a
    rater whose verdict flips with the order votes for a tie.
    """
    pairs, at_pair = np.unique(ballots.pair, return_inverse=True)
    raters, at_rater = np.unique(ballots.rater, return_inverse=True)
    voters, first, at_voter = np.unique(
        at_pair * len(raters) + at_rater, return_index=True, return_inverse=True
    )
    pair_of = at_pair[first]
    lean, voted, flipped = _voter_leans(ballots, at_voter, len(voters), method)
    called_bad = np.bincount(at_voter[ballots.kind == BOTH_BAD], minlength=len(voters)) > 0

    def count(which: BoolArray) -> IntArray:
        return np.bincount(pair_of[which], minlength=len(pairs))

    n_votes = count(voted)
    total = np.bincount(pair_of[voted], weights=lean[voted], minlength=len(pairs))
    # Float dust must not name a winner: 0.1 + 0.2 − 0.3 is a tie.
    mean = np.round(total / np.maximum(n_votes, 1), 12)
    answered = voted | called_bad
    is_judge = ballots.is_judge[first]
    counts = {
        "a": count(voted & (lean > 0)),
        "b": count(voted & (lean < 0)),
        "tie": count(voted & (lean == 0)),
        "both_bad": count(~voted & called_bad),
        "skip": count(~answered),
        "raters": count(answered),
        "people": count(answered & ~is_judge),
        "judges": count(answered & is_judge),
        "flips": count(flipped),
    }
    stands = counts["raters"] > 0
    return Conclusions(pairs[stands], mean[stands], {key: n[stands] for key, n in counts.items()})


def _voter_leans(
    ballots: Ballots, at_voter: IntArray, n_voters: int, method: Method
) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Per (pair, rater): the lean towards a, whether there is any vote, whether the orders contradict."""
    towards_a = np.where(ballots.left_is_a, ballots.lean, -ballots.lean)
    if method == "majority":
        towards_a = np.sign(towards_a)
    votes = ballots.kind == VOTE
    at_order = (at_voter * 2 + ballots.left_is_a)[votes]
    seen = np.bincount(at_order, minlength=2 * n_voters).reshape(-1, 2)
    total = np.bincount(at_order, weights=towards_a[votes], minlength=2 * n_voters).reshape(-1, 2)
    by_order = total / np.maximum(seen, 1)
    n_orders = (seen > 0).sum(axis=1)
    lean = np.round(by_order.sum(axis=1) / np.maximum(n_orders, 1), 12)
    if method == "majority":
        lean = np.sign(lean)
    return lean, n_orders > 0, by_order[:, 0] * by_order[:, 1] < 0
