"""Angle concentration: how much the hidden states of a text point the same way (Wang et al., “Angles Don't
Lie”, arXiv 2506.02281, and its code)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

FloatArray = npt.NDArray[np.float64]

BETWEEN_WEIGHT = 8.0


def angle_concentration(before: ArrayLike, segment: ArrayLike) -> float:
    """mean(C[s:, s:]) + 8 · mean(C[s:, :s]) for the states `before` (s, d) and those of the segment (n, d).

    C holds the cosines of all states, those of a state with later ones than the next set to 0, as in the
    paper's code. (That code slices the rows twice where it means rows and columns; this follows the paper.)
    Without states before the segment the second term is 0. A state that is all zeros has cosine 0 with any.
    Raises ValueError for an empty segment.
    """
    first, rows = _unit(before), _unit(segment)
    n = len(rows)
    if not n:
        raise ValueError("a segment without states has no angles")
    total = rows.sum(axis=0)
    # Half of all products, the diagonal counted whole, and each state's product with the next one.
    within = (total @ total + (rows * rows).sum()) / 2 + (rows[:-1] * rows[1:]).sum()
    between = total @ first.sum(axis=0) / (n * len(first)) if len(first) else 0.0
    return float(within / n**2 + BETWEEN_WEIGHT * between)


def _unit(states: ArrayLike) -> FloatArray:
    rows = np.asarray(states, dtype=np.float64)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: FloatArray = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit
