from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.algorithms.win_rate import Outcome, PairOutcome, pair_outcome, win_rate

probabilities = st.floats(0, 1)
outcome_lists = st.lists(st.sampled_from(["win", "loss", "tie"]), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (0.9, 0.6, PairOutcome("win", 0.75, flipped=False)),
        (0.25, 0.25, PairOutcome("loss", 0.25, flipped=False)),
        (0.75, 0.25, PairOutcome("tie", 0.5, flipped=True)),
        (0.5, 0.5, PairOutcome("tie", 0.5, flipped=False)),
        (0.75, 0.5, PairOutcome("tie", 0.625, flipped=False)),
    ],
)
def test_both_orders_must_agree(left: float, right: float, expected: PairOutcome) -> None:
    assert pair_outcome(left, right) == expected


@given(probabilities, probabilities)
def test_swapping_model_and_baseline_mirrors_the_outcome(left: float, right: float) -> None:
    mirror = {"win": "loss", "loss": "win", "tie": "tie"}
    swapped = pair_outcome(1 - right, 1 - left)
    # 1 − p rounds, so only clear probabilities must mirror.
    if min(abs(left - 0.5), abs(right - 0.5)) > 1e-9:
        assert swapped.outcome == mirror[pair_outcome(left, right).outcome]


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match="not a probability"):
        pair_outcome(1.2, 0.5)


def test_wins_count_one_and_ties_half() -> None:
    assert win_rate(["win", "win", "loss", "tie"]).rate == pytest.approx(2.5 / 4)


@given(outcome_lists)
def test_the_interval_holds_the_rate_and_is_reproducible(outcomes: list[Outcome]) -> None:
    first = win_rate(outcomes, samples=200)
    assert 0 <= first.low <= first.rate <= first.high <= 1
    assert first == win_rate(outcomes, samples=200)


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    wins: list[Outcome] = ["win"] * 240
    losses: list[Outcome] = ["loss"] * 160
    outcomes = wins + losses
    interval = win_rate(outcomes, samples=5000)
    half = 1.96 * np.sqrt(0.6 * 0.4 / 400)
    assert interval.low == pytest.approx(0.6 - half, abs=0.01)
    assert interval.high == pytest.approx(0.6 + half, abs=0.01)


def test_no_outcomes_no_rate() -> None:
    with pytest.raises(ValueError, match="at least one"):
        win_rate([])
