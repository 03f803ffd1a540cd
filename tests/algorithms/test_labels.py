"""Soft labels, weights and the held-out split."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.labels import bradley_terry, held_out, mean_over_groups, normalised_gap, of_mean_one

GAPS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def test_bradley_terry_is_the_logistic_of_the_gap() -> None:
    assert bradley_terry([0.0, math.log(3), -math.log(3)]).tolist() == pytest.approx([0.5, 0.75, 0.25])
    assert bradley_terry([math.log(3)], scale=2.0)[0] == pytest.approx(0.9)
    assert bradley_terry([1e9, -1e9]).tolist() == [1.0, 0.0]
    assert np.isnan(bradley_terry([math.nan])[0])


@given(GAPS)
def test_the_two_directions_of_a_gap_sum_to_one(gaps: list[float]) -> None:
    both = bradley_terry(gaps) + bradley_terry(-np.array(gaps))
    assert both.tolist() == pytest.approx([1.0] * len(gaps))


def test_smpo_on_scores_worked_out_by_hand() -> None:
    """Scores 2 and 1, 5 and 3, 1 and 4 lie in 1…5: normalised ¼ and 0, 1 and ½, 0 and ¾, so P(chosen) is the
    softmax e^¼ / (e^¼ + 1) = 0.5622, e / (e + e^½) = 0.6225, 1 / (1 + e^¾) = 0.3208."""
    chosen, rejected = [2.0, 5.0, 1.0], [1.0, 3.0, 4.0]
    gaps = np.subtract(chosen, rejected)
    labels = bradley_terry(normalised_gap(gaps, [chosen, rejected]))
    assert labels.tolist() == pytest.approx([0.562177, 0.622459, 0.320821], abs=1e-6)
    # By the gaps alone 1, 2 and −3: ⅓, ⅔ and −1.
    assert bradley_terry(normalised_gap(gaps)).tolist() == pytest.approx(
        [0.582570, 0.660756, 0.268941], abs=1e-6
    )


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=40))
def test_smpo_is_the_softmax_of_normalised_scores(scores: list[tuple[float, float]]) -> None:
    """SmPO's own form: each score normalised, then e^w / (e^w + e^l)."""
    low, high = min(map(min, scores)), max(map(max, scores))
    width = (high - low) or 1.0
    softmax = []
    for both in scores:
        chosen, rejected = (math.exp((score - low) / width) for score in both)
        softmax.append(chosen / (chosen + rejected))
    gaps = [chosen - rejected for chosen, rejected in scores]
    found = bradley_terry(normalised_gap(gaps, scores))
    assert found.tolist() == pytest.approx(softmax, abs=1e-9)
    for labels in (found, bradley_terry(normalised_gap(gaps))):
        assert (np.abs(labels - 0.5) <= 1 / (1 + math.exp(-1)) - 0.5 + 1e-12).all()


def test_equal_scores_differ_by_nothing_and_missing_ones_stay_missing() -> None:
    assert normalised_gap([0.0, 0.0], [[2.0, 2.0], [2.0, 2.0]]).tolist() == [0.0, 0.0]
    assert np.isnan(normalised_gap([math.nan, 1.0, 2.0])).tolist() == [True, False, False]
    assert normalised_gap([math.nan, 1.0, 2.0], [math.nan, -1.0, 3.0])[1] == 0.25
    assert np.isnan(normalised_gap([math.nan])).all()


def test_each_group_counts_once_in_the_mean_and_what_is_missing_not_at_all() -> None:
    assert mean_over_groups([0.2, 0.4, 0.9, math.nan], [7, 7, 3, 5]) == pytest.approx((0.3 + 0.9) / 2)
    assert mean_over_groups([0.2, math.nan], [1, 1]) == 0.2
    assert math.isnan(mean_over_groups([math.nan], [1]))
    assert math.isnan(mean_over_groups([], []))


@given(st.lists(st.floats(0.001, 1e3), min_size=1, max_size=40))
def test_weights_of_mean_one_keep_their_proportions(weights: list[float]) -> None:
    scaled = of_mean_one(weights)
    assert scaled.mean() == pytest.approx(1.0)
    assert (scaled / scaled[0]).tolist() == pytest.approx((np.array(weights) / weights[0]).tolist())


def test_weights_that_are_all_zero_stay() -> None:
    assert of_mean_one([0.0, 0.0]).tolist() == [0.0, 0.0]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=60), st.integers(0, 9))
def test_a_prompt_is_held_out_whole_and_whatever_else_there_is(keys: list[int], seed: int) -> None:
    out = held_out(keys, 30, seed=seed)
    assert out.tolist() == [bool(held_out([key], 30, seed=seed)[0]) for key in keys]


def test_the_share_held_out_is_what_was_asked_for() -> None:
    keys = np.arange(100_000)
    assert held_out(keys, 5, seed=1).mean() == pytest.approx(0.05, abs=0.005)
    assert not held_out(keys, 0, seed=1).any()
    assert held_out(keys, 100, seed=1).all()
    # A larger share takes in whoever the smaller one took.
    assert held_out(keys, 10, seed=1)[held_out(keys, 5, seed=1)].all()
