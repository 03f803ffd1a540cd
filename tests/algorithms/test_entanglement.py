from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curation.algorithms.entanglement import condition

gradients = arrays(np.float64, 4, elements=st.integers(-5, 5))


def test_it_works() -> None:
    # g_w = (2, 0), g_l = (1, 1): ⟨g_w, g_l⟩ = 2, the smaller squared norm is 2, that of the rejected one.
    assert condition(2, 4, 2) == 1
    np.testing.assert_allclose(condition([2.0, 3.0], [4.0, 1.0], [2.0, 9.0]), [1, 3])


def test_the_norm_of_the_rejected_response_counts() -> None:
    # The reference code takes the minimum of the chosen norm with itself, and would say 0.75.
    assert condition(3, 4, 2) == 1.5


@given(gradients, gradients)
def test_above_one_says_that_a_step_moves_both_the_same_way(g_w: np.ndarray, g_l: np.ndarray) -> None:
    """First-order changes of a DPO step along g_w − g_l: up for the chosen response, down for the other."""
    step = g_w - g_l
    ideal = g_w @ step >= 0 and g_l @ step <= 0
    assert (condition(g_w @ g_l, g_w @ g_w, g_l @ g_l) <= 1) == ideal


@pytest.mark.parametrize(("dot", "expected"), [(0, 0), (1e-9, np.inf), (-1e-9, -np.inf)])
def test_a_zero_gradient(dot: float, expected: float) -> None:
    assert condition(dot, 0, 3) == expected
    assert condition(dot, 3, 0) == expected


def test_a_negative_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        condition(1, -1, 2)
