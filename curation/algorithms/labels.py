"""How each pair is to be trained on: soft labels, weights and margins, and which prompts are held out.

Every function takes and gives one number per pair; NaN is no number and stays one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from curation.algorithms.selection import own_draws

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def bradley_terry(gap: ArrayLike, scale: float = 1.0) -> FloatArray:
    """P(chosen is better) = σ(scale · gap), the Bradley-Terry model of a reward gap (chosen − rejected)."""
    x = scale * np.asarray(gap, dtype=np.float64)
    # From exp(−|x|), which cannot overflow.
    small = np.exp(-np.abs(x))
    probability: FloatArray = np.where(x >= 0, 1, small) / (1 + small)
    return probability


def spread_gap(gap: ArrayLike) -> FloatArray:
    """The gaps as shares of their spread, max − min, 0 where all are equal: what SmPO's normalised scores
    differ by (Lu et al., code of SmPO-Diffusion, which takes fixed ends of PickScore)."""
    gaps = np.asarray(gap, dtype=np.float64)
    found = gaps[np.isfinite(gaps)]
    spread = float(np.ptp(found)) if len(found) else 0.0
    return gaps / spread if spread else np.where(np.isfinite(gaps), 0.0, np.nan)


def mean_of(values: ArrayLike) -> FloatArray:
    """Their mean in place of each, as CREAM-avg does with consistency (Wang et al., arXiv 2410.12735)."""
    numbers = np.asarray(values, dtype=np.float64)
    found = np.isfinite(numbers)
    return np.where(found, numbers[found].mean() if found.any() else np.nan, np.nan)


def of_mean_one(weights: ArrayLike) -> FloatArray:
    """Weights divided by their mean, so that a learning rate keeps its meaning; as they are if all are 0."""
    numbers = np.asarray(weights, dtype=np.float64)
    found = np.isfinite(numbers)
    mean = float(numbers[found].mean()) if found.any() else 0.0
    return numbers / mean if mean else numbers


def held_out(prompt_key: ArrayLike, percent: float, *, seed: int) -> BoolArray:
    """Which pairs go to the held-out split: all pairs of a prompt or none, each prompt by its own draw.

    `prompt_key` is an integer made from the prompt's content, so the same prompt falls the same way in every
    project, and adding prompts moves none. The share is that of prompts, and holds on average.
    """
    return own_draws(prompt_key, seed) < percent / 100
