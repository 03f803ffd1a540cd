"""Consistency rates against scipy on ordinal ranks, cycles against counting by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, rankdata, spearmanr

from curation.algorithms.consistency import (
    kendall_consistency,
    kendall_smith_zeta,
    majority_wins,
    spearman_consistency,
    three_cycles,
    top_order_consistency,
)

two_rankings = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-3, 3), min_size=n, max_size=n)] * 2)
)
tournaments = st.integers(3, 8).flatmap(
    lambda n: st.lists(st.booleans(), min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2).map(
        lambda wins: tournament(n, wins)
    )
)


def tournament(n: int, wins: list[bool]) -> np.ndarray:
    beats = np.zeros((n, n), dtype=np.bool_)
    for (i, j), i_wins in zip(combinations(range(n), 2), wins, strict=True):
        beats[(i, j) if i_wins else (j, i)] = True
    return beats


def test_it_works() -> None:
    # Five responses, two neighbours swapped: 9 of 10 pairs in the same order, Σd² = 2.
    first, second = [1, 2, 3, 4, 5], [1, 3, 2, 4, 5]
    assert kendall_consistency(first, second) == pytest.approx(0.9)
    assert spearman_consistency(first, second) == pytest.approx((1 + 0.9) / 2)
    assert top_order_consistency(first, second) == 1


@given(two_rankings)
def test_the_rates_are_scipys_on_ordinal_ranks(scores: tuple[list[int], list[int]]) -> None:
    ranks = [rankdata(each, method="ordinal") for each in scores]
    assert kendall_consistency(*scores) == pytest.approx((kendalltau(*ranks).statistic + 1) / 2)
    assert spearman_consistency(*scores) == pytest.approx((spearmanr(*ranks).statistic + 1) / 2)


@given(two_rankings)
def test_every_rate_is_between_none_and_all(scores: tuple[list[int], list[int]]) -> None:
    for rate in (kendall_consistency, spearman_consistency, top_order_consistency):
        assert 0 <= rate(*scores) <= 1
        assert rate(*scores) == pytest.approx(rate(*scores[::-1]))
        assert rate(scores[0], scores[0]) == 1


def test_a_reversed_ranking_has_no_consistency() -> None:
    for rate in (kendall_consistency, spearman_consistency, top_order_consistency):
        assert rate([1, 2, 3, 4], [4, 3, 2, 1]) == 0


def test_top_order_asks_for_best_and_worst_not_for_first_and_last() -> None:
    # The first and the last response keep their ranks, but another one is now the best: the paper says no.
    assert top_order_consistency([2, 4, 1, 3], [2, 1, 4, 3]) == 0
    # They change their ranks, but the best and the worst are the same: the paper says yes.
    assert top_order_consistency([2, 4, 1, 3], [3, 4, 1, 2]) == 1


@pytest.mark.parametrize("scores", [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0])])
def test_what_cannot_be_ranked_is_refused(scores: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError, match=r"expected|no rank"):
        kendall_consistency(*scores)


def test_a_circle_of_three_is_as_inconsistent_as_can_be() -> None:
    circle = majority_wins([0, 1, 2], [1, 2, 0], 3)
    assert (three_cycles(circle), kendall_smith_zeta(circle)) == (1, 0)
    line = majority_wins([0, 1, 0], [1, 2, 2], 3)
    assert (three_cycles(line), kendall_smith_zeta(line)) == (0, 1)


def test_the_majority_of_comparisons_wins_and_a_draw_is_no_win() -> None:
    beats = majority_wins([0, 0, 1, 1, 2], [1, 1, 0, 2, 1], 3)
    assert np.argwhere(beats).tolist() == [[0, 1]]


@given(tournaments)
def test_cycles_are_those_of_every_three_and_of_the_textbook_formula(beats: np.ndarray) -> None:
    n = len(beats)
    by_hand = sum(
        bool((beats[i, j] and beats[j, k] and beats[k, i]) or (beats[j, i] and beats[k, j] and beats[i, k]))
        for i, j, k in combinations(range(n), 3)
    )
    by_scores = n * (n - 1) * (2 * n - 1) / 12 - (beats.sum(axis=1) ** 2).sum() / 2
    assert three_cycles(beats) == by_hand == by_scores
    assert 0 <= kendall_smith_zeta(beats) <= 1


def test_the_most_cyclic_tournaments_have_zeta_zero() -> None:
    # 5 responses in a ring, each beating the next two: 5 circular triads, the maximum (n³ − n) / 24.
    ring = np.array([[(j - i) % 5 in {1, 2} for j in range(5)] for i in range(5)])
    assert (three_cycles(ring), kendall_smith_zeta(ring)) == (5, 0)


@pytest.mark.parametrize(
    ("beats", "message"),
    [
        (np.zeros((2, 2)), "no circular triads"),
        (np.zeros((3, 3)), "must have met"),
        (np.eye(3), "beat each other"),
        (np.ones((3, 3)), "beat each other"),
        (np.ones(3), "square"),
    ],
)
def test_zeta_needs_a_whole_tournament(beats: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kendall_smith_zeta(beats)
