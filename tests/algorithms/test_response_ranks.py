"""How many ranks lie between the responses of a pair."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from curation.algorithms.response_ranks import mean_ranks, rank_gaps

groups_and_numbers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3).map(float)), max_size=25)


def gaps(*pairs: tuple[int, int, int, float]) -> list[float]:
    """Of (group, first, second, P(first is better)), where ½ is a tie."""
    group, first, second, p = (np.array(column) for column in zip(*pairs, strict=True))
    found: list[float] = rank_gaps(group, first, second, np.sign(p - 0.5).astype(np.int64), p).tolist()
    return found


def test_it_works() -> None:
    """Curry-DPO's R1 > R2 > R3 > R4: R1 against R4, R3 and R2 lie 3, 2 and 1 ranks apart."""
    star = [(7, 1, 4, 0.95), (7, 3, 1, 0.3), (7, 1, 2, 0.6)]
    assert gaps(*star) == [3, 2, 1]
    assert gaps(*star, (2, 9, 8, 0.51)) == [3, 2, 1, 1]


def test_equals_share_their_ranks() -> None:
    """2 and 3 lose to 1 alike: ranks 1, 2.5, 2.5; the tie of 2 and 3 has no winner."""
    found = gaps((1, 1, 2, 0.8), (1, 3, 1, 0.2), (1, 2, 3, 0.5))
    assert found[:2] == [1.5, 1.5]
    assert np.isnan(found[2])


def test_a_pair_that_contradicts_the_ranks_is_below_zero() -> None:
    """Means of 1, 2 and 3: 0.65, 0.5 and 0.35, so 3 ranks last, though it beats 1 by a little."""
    assert gaps((1, 1, 2, 0.9), (1, 2, 3, 0.9), (1, 3, 1, 0.6)) == [1, 1, -2]


@given(groups_and_numbers)
def test_ranks_are_those_of_scipy(drawn: list[tuple[int, float]]) -> None:
    group = np.array([of for of, _ in drawn], dtype=np.int64)
    number = np.array([value for _, value in drawn])
    found = mean_ranks(group, number)
    for of in set(group.tolist()):
        assert found[group == of] == pytest.approx(rankdata(-number[group == of]))


@given(st.permutations(range(6)), st.data())
def test_all_pairs_of_an_order_give_its_ranks(order: list[int], data: st.DataObject) -> None:
    """Where every two are judged and the earlier wins, the gap is the distance in the order, whichever of
    the two is named first."""
    pairs, expected = [], []
    for better, worse in combinations(range(len(order)), 2):
        turned = data.draw(st.booleans())
        pair = (order[better], order[worse])
        pairs.append((0, *(pair[::-1] if turned else pair), 0.1 if turned else 0.9))
        expected.append(worse - better)
    assert gaps(*pairs) == expected


def test_nothing_has_no_gaps() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert len(rank_gaps(none, none, none, none, np.zeros(0))) == 0
