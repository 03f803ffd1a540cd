"""CHES: how alike the hidden embeddings of two responses are (Razin et al., arXiv 2410.08847, section 4).

For a response y to a prompt x, S(y) is the sum of the final hidden states from the last prompt token to the
last response token, and n their number. Higher scores mean more alike, and more likelihood displacement
when the pair is trained on. The scores scale with the model's hidden norm: compare them only within one
model, by rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ChesScores:
    """Both scores in both directions; `a_over_b` takes a as the preferred response."""

    ches_a_over_b: float
    ches_b_over_a: float
    ln_ches_a_over_b: float
    ln_ches_b_over_a: float


def ches(sum_preferred: ArrayLike, sum_dispreferred: ArrayLike) -> float | FloatArray:
    """⟨S⁺, S⁻⟩ − ‖S⁺‖² of two vectors (d,), or of each row of two arrays (batch, d).

    Not symmetric: what is subtracted is the preferred response's norm.
    """
    preferred, dispreferred = _vectors(sum_preferred, sum_dispreferred)
    score: float | FloatArray = np.einsum("...d,...d->...", preferred, dispreferred - preferred)
    return score


def ln_ches(
    sum_preferred: ArrayLike,
    n_preferred: ArrayLike,
    sum_dispreferred: ArrayLike,
    n_dispreferred: ArrayLike,
) -> float | FloatArray:
    """The length-normalised score, ⟨S⁺, S⁻⟩ / (n⁺ n⁻) − ‖S⁺‖² / (n⁺)²: CHES of the mean hidden states.

    For arrays (batch, d) the counts are (batch,), or one number for all rows.
    """
    _require_counts(n_preferred, n_dispreferred)
    preferred, dispreferred = _vectors(sum_preferred, sum_dispreferred)
    return ches(preferred / _column(n_preferred), dispreferred / _column(n_dispreferred))


def ches_from_sums(dot_ab: float, norm2_a: float, norm2_b: float, n_a: int, n_b: int) -> ChesScores:
    """All four scores of a pair from ⟨S_a, S_b⟩, ‖S_a‖², ‖S_b‖² and the two counts."""
    _require_counts(n_a, n_b)
    ln_dot = dot_ab / (n_a * n_b)
    return ChesScores(
        ches_a_over_b=dot_ab - norm2_a,
        ches_b_over_a=dot_ab - norm2_b,
        ln_ches_a_over_b=ln_dot - norm2_a / n_a**2,
        ln_ches_b_over_a=ln_dot - norm2_b / n_b**2,
    )


def _require_counts(*counts: ArrayLike) -> None:
    if any(np.any(np.asarray(n) < 1) for n in counts):
        raise ValueError("a response without hidden states has no CHES score")


def _column(counts: ArrayLike) -> FloatArray:
    return np.asarray(counts, dtype=np.float64)[..., np.newaxis]


def _vectors(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim not in {1, 2} or a.shape != b.shape:
        raise ValueError(f"expected vectors of one length, got shapes {a.shape} and {b.shape}")
    return a, b
