"""What a pair's judgments come to, as arrays: who wins, by how much, and how the votes fell.

A vote is a *lean* in [−1, 1] towards a response, 2·P(better) − 1. Leans are odd under swapping a and b,
so every result here is exactly symmetric: no rounding can favour a side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

VOTE, BOTH_BAD, SKIP = 0, 1, 2

# P(better) that a stated strength stands for when the rater gave no probability: slightly, better, much
# better. A convention, not a measurement: it keeps the strengths in order and lets no one person be certain.
STATED_PROBABILITY = {1: 0.65, 2: 0.85, 3: 0.95}
_LEAN_BY_STRENGTH = np.array([0.0, *(round(2 * p - 1, 6) for p in STATED_PROBABILITY.values())])


@dataclass(frozen=True)
class Ballots:
    """Judgments, one element each. `lean` and `preference` (−3 to 3) point to the response shown left; they
    are read only where `kind` is VOTE, and are 0 for a tie."""

    pair: IntArray
    rater: IntArray
    is_judge: BoolArray
    left_is_a: BoolArray
    kind: IntArray
    lean: FloatArray
    preference: IntArray


@dataclass(frozen=True)
class Voters:
    """One element per (pair, rater), in order of pair, then rater.

    `pair[at_pair[i]]` is the pair of voter i. `lean` and `preference` point to a, the mean of the rater's
    orders, 0 where there is no vote; `voted` is whether there is one, `called_bad` whether there is a "both
    bad", `flipped` whether the two presentation orders name different winners.
    """

    pair: IntArray
    at_pair: IntArray
    rater: IntArray
    is_judge: BoolArray
    lean: FloatArray
    preference: FloatArray
    voted: BoolArray
    called_bad: BoolArray
    flipped: BoolArray

    @property
    def answered(self) -> BoolArray:
        """Everything but skips."""
        return self.voted | self.called_bad

    def count(self, which: BoolArray) -> IntArray:
        """Per pair, how many of the voters marked in `which`."""
        return np.bincount(self.at_pair[which], minlength=len(self.pair))


@dataclass(frozen=True)
class Conclusions:
    """One element per pair with at least one answer other than a skip, in order of pair.

    `lean` is 2·P(a better) − 1; its sign names the winner. The counts are of raters, not judgments: a
    rater voted a, b or tie, or else said both bad, or else only skipped. `flips` counts raters whose two
    presentation orders name different winners. Where a reviewer decided (`adjudicated` is 1) the counts are
    of the decision alone, and `set_aside` is how many raters it outweighs.
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


def mean_probability(ballots: Ballots) -> Conclusions:
    """Each rater's orders are averaged first, then raters, each with one vote."""
    return average(voters(ballots))


def majority(ballots: Ballots) -> Conclusions:
    """Heads are counted: an order counts as a, b or a tie, so a rater whose verdict flips with the order
    votes for a tie."""
    return average(voters(ballots, heads=True))


def average(found: Voters, weight: FloatArray | None = None) -> Conclusions:
    """The weighted mean of the votes on each pair; all weigh the same where no `weight` is given."""
    weight = np.ones(len(found.lean)) if weight is None else weight
    voted, n = found.voted, len(found.pair)
    total = np.bincount(found.at_pair[voted], weights=(weight * found.lean)[voted], minlength=n)
    mass = np.bincount(found.at_pair[voted], weights=weight[voted], minlength=n)
    return concluded(found, total / np.where(mass > 0, mass, 1.0))


def concluded(found: Voters, lean: FloatArray) -> Conclusions:
    """`lean` for each pair of the voters, with how the votes fell; pairs that everyone skipped go."""
    lean = np.round(lean, 12)  # float dust must not name a winner: 0.1 + 0.2 − 0.3 is a tie
    counts = {
        "a": found.count(found.voted & (found.lean > 0)),
        "b": found.count(found.voted & (found.lean < 0)),
        "tie": found.count(found.voted & (found.lean == 0)),
        "both_bad": found.count(~found.voted & found.called_bad),
        "skip": found.count(~found.answered),
        "raters": found.count(found.answered),
        "people": found.count(found.answered & ~found.is_judge),
        "judges": found.count(found.answered & found.is_judge),
        "flips": found.count(found.flipped),
    }
    stands = counts["raters"] > 0
    return Conclusions(found.pair[stands], lean[stands], {key: n[stands] for key, n in counts.items()})


def outweighed(concluded: Conclusions, decisions: Ballots) -> Conclusions:
    """With the last of a reviewer's `decisions` on a pair in place of what the others' votes came to."""
    if not len(decisions.pair):
        return concluded
    last = len(decisions.pair) - 1 - np.unique(decisions.pair[::-1], return_index=True)[1]
    decided = mean_probability(Ballots(*(column[last] for column in vars(decisions).values())))
    pair = np.union1d(concluded.pair, decided.pair)
    by_votes, by_decision = np.searchsorted(pair, concluded.pair), np.searchsorted(pair, decided.pair)
    lean = np.zeros(len(pair))
    lean[by_votes], lean[by_decision] = concluded.lean, decided.lean
    counts = {}
    for key, values in concluded.counts.items():
        counts[key] = np.zeros(len(pair), dtype=np.int64)
        counts[key][by_votes] = values
    set_aside, adjudicated = np.zeros_like(counts["raters"]), np.zeros_like(counts["raters"])
    set_aside[by_decision], adjudicated[by_decision] = counts["raters"][by_decision], 1
    for key, values in decided.counts.items():
        counts[key][by_decision] = values
    return Conclusions(pair, lean, {**counts, "adjudicated": adjudicated, "set_aside": set_aside})


def voters(ballots: Ballots, *, heads: bool = False) -> Voters:
    """The ballots, put together for each rater on each pair; with `heads`, only the direction counts."""
    pairs, at_pair = np.unique(ballots.pair, return_inverse=True)
    raters, at_rater = np.unique(ballots.rater, return_inverse=True)
    keys, first, at_voter = np.unique(
        at_pair * max(len(raters), 1) + at_rater, return_index=True, return_inverse=True
    )
    towards_a = np.where(ballots.left_is_a, 1, -1)
    leans = np.sign(ballots.lean) if heads else ballots.lean
    votes = ballots.kind == VOTE
    orders = Orders((at_voter * 2 + ballots.left_is_a)[votes], len(keys))
    by_order = orders.means((towards_a * leans)[votes])
    lean = orders.mean_of(by_order)
    return Voters(
        pair=pairs,
        at_pair=at_pair[first],
        rater=ballots.rater[first],
        is_judge=ballots.is_judge[first],
        lean=np.sign(lean) if heads else lean,
        preference=orders.mean_of(orders.means((towards_a * ballots.preference)[votes])),
        voted=orders.seen.sum(axis=1) > 0,
        called_bad=np.bincount(at_voter[ballots.kind == BOTH_BAD], minlength=len(keys)) > 0,
        flipped=by_order[:, 0] * by_order[:, 1] < 0,
    )


class Orders:
    """Means over each voter's presentation orders: first within an order, then of the two."""

    def __init__(self, at_order: IntArray, n_voters: int) -> None:
        self.at_order = at_order
        self.n = 2 * n_voters
        self.seen = np.bincount(at_order, minlength=self.n).reshape(-1, 2)

    def means(self, values: FloatArray) -> FloatArray:
        """(voters, 2): the mean in each order, 0 where the voter did not see it."""
        total = np.bincount(self.at_order, weights=values, minlength=self.n).reshape(-1, 2)
        means: FloatArray = total / np.maximum(self.seen, 1)
        return means

    def mean_of(self, by_order: FloatArray) -> FloatArray:
        n_orders = (self.seen > 0).sum(axis=1)
        mean: FloatArray = np.round(by_order.sum(axis=1) / np.maximum(n_orders, 1), 12)
        return mean
