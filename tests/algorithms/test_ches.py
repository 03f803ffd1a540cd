from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curation.algorithms.ches import ches, ches_from_sums, ln_ches

vectors = arrays(np.float64, 6, elements=st.floats(-50, 50, width=32))
counts = st.integers(1, 500)


def test_a_case_worked_by_hand() -> None:
    # S+ = (1, 2) from two states, S- = (3, 1) from one: <S+, S-> = 5, |S+|² = 5.
    assert ches([1, 2], [3, 1]) == 0
    assert ln_ches([1, 2], 2, [3, 1], 1) == pytest.approx(5 / 2 - 5 / 4)


def test_identical_responses_score_zero_the_highest_of_parallel_ones() -> None:
    assert ches([1.0, 1.0], [1.0, 1.0]) == 0
    assert ches([1.0, 1.0], [0.5, 0.5]) < 0


@given(vectors, vectors, counts, counts)
def test_sums_give_the_same_scores_as_vectors_in_both_directions(
    a: np.ndarray, b: np.ndarray, n_a: int, n_b: int
) -> None:
    scores = ches_from_sums(float(a @ b), float(a @ a), float(b @ b), n_a, n_b)
    assert scores.ches_a_over_b == pytest.approx(ches(a, b), abs=1e-6)
    assert scores.ches_b_over_a == pytest.approx(ches(b, a), abs=1e-6)
    assert scores.ln_ches_a_over_b == pytest.approx(ln_ches(a, n_a, b, n_b), abs=1e-6)
    assert scores.ln_ches_b_over_a == pytest.approx(ln_ches(b, n_b, a, n_a), abs=1e-6)


@given(vectors, vectors)
def test_the_two_directions_sum_to_minus_the_squared_distance(a: np.ndarray, b: np.ndarray) -> None:
    difference = a - b
    assert ches(a, b) + ches(b, a) == pytest.approx(-float(difference @ difference), abs=1e-6)


@given(vectors, vectors, st.integers(0, 2**32 - 1))
def test_rotating_the_hidden_space_changes_nothing(a: np.ndarray, b: np.ndarray, seed: int) -> None:
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))
    assert ches(rotation @ a, rotation @ b) == pytest.approx(ches(a, b), rel=1e-6, abs=1e-6)


@given(
    arrays(np.float64, (2, 3, 6), elements=st.floats(-50, 50, width=32)),
    arrays(np.int64, (2, 3), elements=counts),
)
def test_a_batch_gives_the_scores_of_its_rows(sums: np.ndarray, n: np.ndarray) -> None:
    rows = [ches(preferred, dispreferred) for preferred, dispreferred in zip(*sums, strict=True)]
    assert np.asarray(ches(*sums)) == pytest.approx(np.array(rows), abs=1e-9)
    rows = [ln_ches(sums[0, i], n[0, i], sums[1, i], n[1, i]) for i in range(3)]
    assert np.asarray(ln_ches(sums[0], n[0], sums[1], n[1])) == pytest.approx(np.array(rows), abs=1e-9)


def test_a_response_without_states_is_refused() -> None:
    with pytest.raises(ValueError, match="without hidden states"):
        ches_from_sums(1, 1, 1, 0, 3)
    with pytest.raises(ValueError, match="without hidden states"):
        ln_ches([1.0], 1, [1.0], 0)
    with pytest.raises(ValueError, match="without hidden states"):
        ln_ches([[1.0], [2.0]], [1, 0], [[1.0], [2.0]], [1, 1])


def test_vectors_of_different_models_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        ches([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="one length"):
        ches([[1.0, 2.0]], [1.0, 2.0])
