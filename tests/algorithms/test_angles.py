"""Angle concentration against the whole matrix of cosines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.angles import FloatArray, angle_concentration


def slowly(before: FloatArray, segment: FloatArray) -> float:
    rows = np.vstack([before, segment])
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = np.tril(unit @ unit.T, k=1)
    s = len(before)
    return float(cosines[s:, s:].mean() + (8 * cosines[s:, :s].mean() if s else 0))


def test_it_works() -> None:
    """Two vectors at a right angle after one that points as the first: (1 + 0 + 0 + 1) / 4 + 8 · ½."""
    assert angle_concentration([[2.0, 0.0]], [[1.0, 0.0], [0.0, 3.0]]) == pytest.approx(0.5 + 4.0)


@given(s=st.integers(0, 6), n=st.integers(1, 9), d=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_it_agrees_with_the_whole_matrix(s: int, n: int, d: int, seed: int) -> None:
    states = np.random.default_rng(seed).normal(size=(s + n, d))
    assert angle_concentration(states[:s], states[s:]) == pytest.approx(slowly(states[:s], states[s:]))


def test_lengths_of_vectors_play_no_part() -> None:
    states = np.random.default_rng(1).normal(size=(7, 4))
    scaled = states * np.arange(1, 8)[:, None]
    assert angle_concentration(scaled[:3], scaled[3:]) == pytest.approx(
        angle_concentration(states[:3], states[3:])
    )


def test_a_state_of_zeros_has_no_direction() -> None:
    assert angle_concentration([[1.0, 0.0]], [[0.0, 0.0]]) == 0.0


def test_an_empty_segment_is_refused() -> None:
    with pytest.raises(ValueError, match="without states"):
        angle_concentration(np.ones((2, 3)), np.ones((0, 3)))
