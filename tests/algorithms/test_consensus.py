"""Consensus: hand-worked cases, and what must hold whatever the votes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.consensus import (
    BOTH_BAD,
    SKIP,
    VOTE,
    Ballots,
    Conclusions,
    majority,
    mean_probability,
    outweighed,
    stated_lean,
    voters,
)

METHODS = [mean_probability, majority]
Method = Callable[[Ballots], Conclusions]
Ballot = tuple[int, int, bool, bool, int, float]  # pair, rater, is judge, left is a, kind, lean to left


def ballots(*rows: Ballot) -> Ballots:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 6
    types = (np.int64, np.int64, np.bool_, np.bool_, np.int64, np.float64)
    arrays: list[Any] = [np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)]
    arrays.append(np.rint(3 * arrays[-1]).astype(np.int64))
    return Ballots(*arrays)


def votes(found: Any, pair: int = 0) -> dict[str, int]:
    return {key: int(n[pair]) for key, n in found.counts.items() if n[pair]}


def test_it_works() -> None:
    found = mean_probability(
        ballots(
            (7, 1, True, True, VOTE, 0.8), (7, 1, True, False, VOTE, -0.4), (7, 2, False, True, VOTE, 0.0)
        )
    )
    assert found.pair.tolist() == [7]
    assert found.probability.tolist() == pytest.approx([0.65])  # leans 0.6 (judge) and 0 (tie)
    assert votes(found) == {"a": 1, "tie": 1, "raters": 2, "people": 1, "judges": 1}


def test_a_rater_has_one_vote_however_many_orders() -> None:
    twice = [(1, 1, True, True, VOTE, 0.9), (1, 1, True, False, VOTE, -0.9)]
    once = [(1, 2, False, True, VOTE, -0.9)]
    assert mean_probability(ballots(*twice, *once)).margin.tolist() == [0.0]


def test_a_flip_is_counted_and_is_a_tie_for_the_majority() -> None:
    flipped = ballots((1, 1, True, True, VOTE, 0.9), (1, 1, True, False, VOTE, 0.2))
    assert votes(majority(flipped)) == {"tie": 1, "raters": 1, "judges": 1, "flips": 1}
    assert mean_probability(flipped).lean.tolist() == pytest.approx([0.35])


def test_both_bad_counts_without_a_vote_and_skips_alone_leave_no_row() -> None:
    found = mean_probability(ballots((1, 1, False, True, BOTH_BAD, 0.0), (2, 1, False, True, SKIP, 0.0)))
    assert found.pair.tolist() == [1]
    assert found.margin.tolist() == [0.0]
    assert votes(found) == {"both_bad": 1, "raters": 1, "people": 1}


def test_a_probability_speaks_before_the_strength() -> None:
    lean = stated_lean(np.array([3, -1, 2]), np.array([0.6, np.nan, np.nan]))
    assert lean.tolist() == pytest.approx([0.2, -0.3, 0.7])


def test_nothing_in_nothing_out() -> None:
    for method in METHODS:
        assert len(method(ballots()).pair) == 0


rows = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 4),
        st.sampled_from([True]),
        st.booleans(),
        st.sampled_from([VOTE, VOTE, BOTH_BAD, SKIP]),
        st.floats(-1, 1).map(lambda lean: round(lean, 3)),
    ),
    max_size=30,
)


@given(rows, st.sampled_from(METHODS))
def test_swapping_a_and_b_mirrors_the_result(rows: list[Ballot], method: Method) -> None:
    found = method(ballots(*rows))
    swapped = method(ballots(*((p, r, j, not left, k, lean) for p, r, j, left, k, lean in rows)))
    assert swapped.lean.tolist() == (-found.lean).tolist()
    assert swapped.counts["a"].tolist() == found.counts["b"].tolist()
    assert swapped.counts["flips"].tolist() == found.counts["flips"].tolist()


@given(rows, st.sampled_from(METHODS))
def test_every_answer_is_counted_once_and_probabilities_are_in_range(
    rows: list[Ballot], method: Method
) -> None:
    found = method(ballots(*rows))
    n = found.counts
    assert (n["a"] + n["b"] + n["tie"] + n["both_bad"]).tolist() == n["raters"].tolist()
    assert (n["people"] + n["judges"]).tolist() == n["raters"].tolist()
    assert ((found.probability >= 0) & (found.probability <= 1)).all()


def test_a_decision_outweighs_every_vote_and_says_how_many() -> None:
    three = mean_probability(ballots(*((1, rater, False, True, VOTE, 0.9) for rater in (1, 2, 3))))
    first, last = (1, 8, False, True, VOTE, 0.7), (1, 9, False, True, VOTE, -0.7)
    found = outweighed(three, ballots(first, last))
    assert found.lean.tolist() == pytest.approx([-0.7])
    assert votes(found) == {"b": 1, "raters": 1, "people": 1, "adjudicated": 1, "set_aside": 3}
    assert outweighed(three, ballots()) is three


def test_a_decision_stands_where_nobody_voted() -> None:
    found = outweighed(
        mean_probability(ballots((5, 1, False, True, VOTE, 0.9))), ballots((2, 9, False, True, BOTH_BAD, 0.0))
    )
    assert found.pair.tolist() == [2, 5]
    assert votes(found, 0) == {"both_bad": 1, "raters": 1, "people": 1, "adjudicated": 1}
    assert votes(found, 1) == {"a": 1, "raters": 1, "people": 1}


def test_preferences_are_averaged_over_orders_towards_a() -> None:
    found = voters(ballots((1, 1, True, True, VOTE, 1.0), (1, 1, True, False, VOTE, -0.3)))
    assert found.preference.tolist() == [2.0]  # 3 and 1
