"""Gradient entanglement: whether a step on a pair moves both log-probabilities the same way (Yuan et al.,
arXiv 2410.13828).

With g_w and g_l the gradients of the log-probabilities of the chosen and the rejected response, a DPO step
raises the one and lowers the other exactly when ⟨g_w, g_l⟩ ≤ min(‖g_w‖², ‖g_l‖²).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

FloatArray = npt.NDArray[np.float64]


def condition(dot: ArrayLike, norm2_w: ArrayLike, norm2_l: ArrayLike) -> float | FloatArray:
    """⟨g_w, g_l⟩ / min(‖g_w‖², ‖g_l‖²), element by element; the pair is entangled where it is above 1.

    Where a gradient is zero the quotient is 0 for a dot product of 0, else ∞ with its sign, so that "above 1"
    still says whether the dot product is above the smaller norm. (The reference code divides by ‖g_w‖² alone:
    it takes the minimum of that norm and itself.)
    """
    inner, chosen, rejected = (np.asarray(each, dtype=np.float64) for each in (dot, norm2_w, norm2_l))
    if np.any(chosen < 0) or np.any(rejected < 0):
        raise ValueError("a squared norm is not negative")
    inner, least = np.broadcast_arrays(inner, np.minimum(chosen, rejected))
    at_zero = np.where(inner == 0, 0.0, np.copysign(np.inf, inner))
    quotient = np.divide(inner, least, out=at_zero, where=least > 0)
    return float(quotient) if quotient.ndim == 0 else quotient
