"""How many turns are left tells nothing about which of them check the person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.turns_left import turns_left


def every_third(turn: int) -> bool:
    return turn % 3 == 1


def test_it_works() -> None:
    # turns 0 main, 1 gold, 2 main, 3 main, 4 gold, 5 main
    assert turns_left(n_claimable=4, n_gold=9, n_opened=0, is_gold=every_third) == 6
    assert turns_left(n_claimable=4, n_gold=0, n_opened=0, is_gold=every_third) == 4
    assert turns_left(n_claimable=0, n_gold=0, n_opened=7, is_gold=every_third) == 0


def test_gold_may_come_after_the_last_pair_but_not_without_its_turn() -> None:
    assert turns_left(n_claimable=0, n_gold=5, n_opened=1, is_gold=every_third) == 1
    assert turns_left(n_claimable=0, n_gold=5, n_opened=2, is_gold=every_third) == 0


@given(st.integers(0, 40), st.integers(0, 10), st.integers(0, 40), st.sets(st.integers(0, 120)))
def test_every_turn_lowers_it_by_one(
    n_claimable: int, n_gold: int, n_opened: int, gold_turns: set[int]
) -> None:
    def left() -> int:
        return turns_left(
            n_claimable=n_claimable, n_gold=n_gold, n_opened=n_opened, is_gold=gold_turns.__contains__
        )

    before = left()
    while before:
        if n_gold and n_opened in gold_turns:
            n_gold -= 1
        else:
            n_claimable -= 1
        n_opened += 1
        assert left() == before - 1
        before -= 1
    assert n_claimable == 0
