"""Which responses meet, checked against the definition written as loops."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms import pairing
from curation.algorithms.pairing import FloatArray, IntArray, Places

NAN = float("nan")
STYLES = ("long", "short")
GROUP = np.array([1, 2, 1, 1, 2, 3, 1])
NUMBER = np.array([0.1, 0.5, 0.9, 0.4, 0.7, 1.0, NAN])


def made(places: Places) -> list[tuple[int, int]]:
    return list(zip(*(side.tolist() for side in places), strict=True))


def test_it_works() -> None:
    assert made(pairing.best_worst(GROUP, NUMBER)) == [(2, 0), (4, 1)]
    assert made(pairing.best_against_each(GROUP, NUMBER)) == [(2, 3), (2, 0), (4, 1)]
    assert made(pairing.top_two(GROUP, NUMBER)) == [(2, 3), (4, 1)]
    assert made(pairing.adjacent_ranks(GROUP, NUMBER)) == [(2, 3), (3, 0), (4, 1)]
    assert len(pairing.all_pairs(GROUP)[0]) == 6 + 1


rows = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.25, 0.5, 1.0, NAN])), max_size=14)


def arrays(drawn: list[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    return np.array([g for g, _ in drawn], dtype=np.int64), np.array([v for _, v in drawn], dtype=float)


def by_hand(drawn: list[tuple[int, float]]) -> dict[int, list[int]]:
    """Places of each group, the best first."""
    ranked: dict[int, list[int]] = {}
    for place in sorted(range(len(drawn)), key=lambda at: (-drawn[at][1], at)):
        if not math.isnan(drawn[place][1]):
            ranked.setdefault(drawn[place][0], []).append(place)
    return ranked


def without_nan(drawn: list[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(group, number) for group, number in drawn if not math.isnan(number)]


@given(rows)
def test_all_pairs_are_the_combinations(drawn: list[tuple[int, float]]) -> None:
    group, _ = arrays(drawn)
    found = made(pairing.all_pairs(group))
    expected = {(i, j) for i, j in combinations(range(len(group)), 2) if group[i] == group[j]}
    assert set(found) == expected
    assert len(found) == len(expected)


@given(rows.map(without_nan))
def test_ranked_pairs_are_those_of_the_definition(drawn: list[tuple[int, float]]) -> None:
    group, number = arrays(drawn)
    ranked = [places for places in by_hand(drawn).values() if len(places) > 1]
    assert set(made(pairing.best_worst(group, number))) == {(r[0], r[-1]) for r in ranked}
    assert set(made(pairing.top_two(group, number))) == {(r[0], r[1]) for r in ranked}
    assert set(made(pairing.best_against_each(group, number))) == {(r[0], o) for r in ranked for o in r[1:]}
    assert set(made(pairing.adjacent_ranks(group, number))) == {pair for r in ranked for pair in pairwise(r)}


@given(rows, st.integers(0, 2**31))
def test_one_random_rival_for_each_best(drawn: list[tuple[int, float]], seed: int) -> None:
    group, number = arrays(drawn)
    ids = np.arange(len(group)) + 100
    each = made(pairing.best_against_each(group, number))
    found = made(pairing.best_random(group, number, ids, seed))
    assert set(found) <= set(each)
    assert sorted(best for best, _ in found) == sorted({best for best, _ in each})
    assert found == made(pairing.best_random(group, number, ids, seed))


def test_the_rival_is_drawn_evenly() -> None:
    group, number, ids = np.zeros(4, dtype=np.int64), np.array([9.0, 1.0, 2.0, 3.0]), np.arange(4)
    drawn = [made(pairing.best_random(group, number, ids, seed))[0][1] for seed in range(3000)]
    counts = np.bincount(drawn, minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 900


def test_edits_meet_what_they_edit() -> None:
    ids, edited_from = np.array([5, 9, 7, 8]), np.array([0, 7, 5, 404])
    assert made(pairing.originals_and_edits(ids, edited_from)) == [(2, 1), (0, 2)]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([(1, 0), (0, 1), (0, 0)])), max_size=12))
def test_the_better_meet_the_worse_and_nothing_else(drawn: list[tuple[int, tuple[int, int]]]) -> None:
    group = np.array([group for group, _ in drawn], dtype=np.int64)
    better, worse = (np.array([kind[side] for _, kind in drawn], dtype=np.bool_) for side in (0, 1))
    n = range(len(drawn))
    expected = [(y, z) for y in n for z in n if group[y] == group[z] and better[y] and worse[z]]
    assert sorted(made(pairing.across(group, better, worse))) == expected


kinds = st.tuples(st.integers(0, 2), st.sampled_from(["long", "short", "neither"]), st.booleans())


@given(st.lists(kinds, max_size=14), st.sampled_from([0.0, 0.25, 0.5]))
def test_the_style_that_is_right_more_often_is_better(
    drawn: list[tuple[int, str, bool]], margin: float
) -> None:
    group = np.array([row[0] for row in drawn], dtype=np.int64)
    long, short = (np.array([row[1] == name for row in drawn], dtype=np.bool_) for name in ("long", "short"))
    right = np.array([row[2] for row in drawn], dtype=np.bool_)
    expected = []
    for one in set(group.tolist()):
        places = {name: [at for at, row in enumerate(drawn) if row[:2] == (one, name)] for name in STYLES}
        if all(places.values()):
            share = [Fraction(sum(drawn[at][2] for at in where), len(where)) for where in places.values()]
            better, worse = STYLES if share[0] - share[1] > margin else STYLES[::-1]
            expected += [(y, z) for y in places[better] for z in places[worse]]
    assert sorted(made(pairing.styles(group, long, short, right, margin))) == sorted(expected)


def test_the_band_has_both_its_ends() -> None:
    first, second = np.array([0.0, 1.0, 3.0, 5.0]), np.array([1.0, 3.0, 0.0, 1.0])
    assert pairing.outside_band(first, second, 1, 3).tolist() == [False, False, False, True]


@st.composite
def several_numbers(draw: st.DrawFn) -> tuple[IntArray, FloatArray]:
    n, k = draw(st.integers(0, 12)), draw(st.integers(1, 3))
    group = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    value = st.sampled_from([0.0, 1.0, 2.0, NAN])
    numbers = draw(st.lists(st.lists(value, min_size=k, max_size=k), min_size=n, max_size=n))
    return np.array(group, dtype=np.int64), np.array(numbers, dtype=float).reshape(n, k)


@given(several_numbers())
def test_the_front_meets_what_it_dominates(drawn: tuple[IntArray, FloatArray]) -> None:
    group, numbers = drawn

    def dominates(y: int, z: int) -> bool:
        both = list(zip(numbers[y], numbers[z], strict=True))
        return group[y] == group[z] and all(a >= b for a, b in both) and any(a > b for a, b in both)

    n = range(len(group))
    front = [y for y in n if not any(dominates(z, y) for z in n)]
    found = made(pairing.pareto_front(group, numbers))
    assert sorted(found) == [(y, z) for y in front for z in n if dominates(y, z)]
    assert found == made(pairing.pareto_front(group, numbers))


def test_over_one_number_the_front_is_the_best() -> None:
    assert set(made(pairing.pareto_front(GROUP, NUMBER[:, None]))) == set(
        made(pairing.best_against_each(GROUP, NUMBER))
    )


def test_length_takes_off_what_the_penalty_says() -> None:
    found = pairing.less_length(np.array([1.0, 2.0, NAN]), np.array([10, 30, 5]), 0.05)
    assert found[:2] == pytest.approx([0.5, 0.5])
    assert np.isnan(found[2])


def test_ranks_from_judged_pairs() -> None:
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    mean = pairing.mean_probabilities(4, first, second, np.array([0.9, 0.7, 0.4]))
    assert mean[:3] == pytest.approx([0.8, 0.25, 0.45])
    assert np.isnan(mean[3])
    won = pairing.copeland(4, first, second, np.array([1, 1, 0]))
    assert won[:3].tolist() == [2, -1, -1]
    assert np.isnan(won[3])


def test_nothing_gives_nothing() -> None:
    none, no_number = np.zeros(0, dtype=np.int64), np.zeros(0)
    for places in (
        pairing.all_pairs(none),
        pairing.best_worst(none, no_number),
        pairing.best_against_each(none, no_number),
        pairing.best_random(none, no_number, none, 1),
        pairing.top_two(none, no_number),
        pairing.adjacent_ranks(none, no_number),
        pairing.originals_and_edits(none, none),
        pairing.pareto_front(none, np.zeros((0, 2))),
    ):
        assert made(places) == []


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), max_size=10))
def test_the_same_opening(drawn: list[tuple[int, int]]) -> None:
    group, opening = (np.array([row[at] for row in drawn], dtype=np.int64) for at in (0, 1))
    found = {frozenset(pair) for pair in made(pairing.same_opening(group, opening, -1))}
    assert found == {
        frozenset((a, b))
        for a, b in combinations(range(len(drawn)), 2)
        if drawn[a] == drawn[b] and drawn[a][1] >= 0
    }
