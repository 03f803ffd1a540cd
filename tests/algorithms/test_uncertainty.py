"""BALD, majorities and sampling weights, against scipy and against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy

from curation.algorithms.uncertainty import (
    NO_MAJORITY,
    bald,
    binary_entropy,
    certain_weights,
    majority,
    uncertain_weights,
)

weights = arrays(np.float64, st.tuples(*[st.integers(1, 6)] * 3), elements=st.integers(0, 9))
probabilities = weights.map(lambda w: (w + (w.sum(axis=2, keepdims=True) == 0)) * 1.0).map(
    lambda w: w / w.sum(axis=2, keepdims=True)
)


def test_it_works() -> None:
    # Two sure passes that contradict each other; two that both toss a coin; two that agree.
    passes = np.array([[[1, 0], [0.5, 0.5], [0.9, 0.1]], [[0, 1], [0.5, 0.5], [0.9, 0.1]]])
    np.testing.assert_allclose(bald(passes), np.array([np.log(2), 0, 0]), atol=1e-15)


@given(probabilities)
def test_bald_is_the_mean_divergence_from_the_mean(passes: np.ndarray) -> None:
    """The second form of the same number: the mean over passes of KL(pass ‖ mean)."""
    divergence = scipy_entropy(passes, passes.mean(axis=0, keepdims=True), axis=2).mean(axis=0)
    score = bald(passes)
    np.testing.assert_allclose(score, divergence, atol=1e-12)
    assert np.all((score >= 0) & (score <= np.log(passes.shape[2])))


@given(probabilities)
def test_neither_passes_nor_classes_have_an_order(passes: np.ndarray) -> None:
    np.testing.assert_allclose(bald(passes[::-1, :, ::-1]), bald(passes), atol=1e-12)


@pytest.mark.parametrize("passes", [[[0.5, 0.5]], [[[0.5, 0.6]]], [[[-0.1, 1.1]]], np.zeros((0, 1, 2))])
def test_what_are_no_probabilities_is_refused(passes: object) -> None:
    with pytest.raises(ValueError, match=r"expected|must be"):
        bald(np.asarray(passes))


def test_a_majority_needs_more_votes_than_any_other_class() -> None:
    votes = {"all": [0.9, 0.8, 0.7], "two": [0.9, 0.8, 0.1], "level": [0.9, 0.1, 0.5], "none": [0.5] * 3}
    p = np.array(list(votes.values())).T
    winner, share = majority(np.stack([p, 1 - p], axis=2))
    assert winner.tolist() == [0, 0, NO_MAJORITY, NO_MAJORITY]
    np.testing.assert_allclose(share, [1, 2 / 3, 1 / 3, 0])


def test_a_tie_favours_neither_side() -> None:
    p = np.array([[0.9], [0.1]])
    for classes in (np.stack([p, 1 - p], axis=2), np.stack([1 - p, p], axis=2)):
        assert majority(classes)[0].tolist() == [NO_MAJORITY]


def test_weights_are_shares_of_what_is_left_to_one_and_to_nothing() -> None:
    np.testing.assert_allclose(certain_weights([0.0, 0.5, 1.2]), [2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(uncertain_weights([0.0, 0.2, 0.6]), [0, 0.25, 0.75])
    assert uncertain_weights([0.0, 0.0]).tolist() == [0, 0]


def test_binary_entropy_at_its_known_points() -> None:
    np.testing.assert_allclose(binary_entropy([0, 0.5, 0.25, 1]), [0, np.log(2), 0.5623351446, 0], atol=1e-10)
