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


def normalised_gap(gap: ArrayLike, scores: ArrayLike = ()) -> FloatArray:
    """What two responses' scores differ by once the scores are min-max normalised: gap / (max − min), in
    [−1, 1], and 0 where all scores are equal. The softmax of two such scores is σ of it, at most σ(1) = 0.73
    (Lu et al., code of SmPO-Diffusion, which takes fixed ends of PickScore).

    `scores` are those of all responses, in any shape. Where they are not known, the largest |gap| stands for
    max − min, which is never smaller.
    """
    gaps, known = np.asarray(gap, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    found, known = gaps[np.isfinite(gaps)], known[np.isfinite(known)]
    width = max(
        float(np.ptp(known)) if len(known) else 0.0, float(np.abs(found).max()) if len(found) else 0.0
    )
    return gaps / width if width else np.where(np.isfinite(gaps), 0.0, np.nan)


def mean_over_groups(values: ArrayLike, group: ArrayLike) -> float:
    """The mean of the groups' means, so that each counts once, however many values it has; NaN without any.

    CREAM averages the consistency over prompts (Wang et al., arXiv 2410.12735).
    """
    numbers = np.asarray(values, dtype=np.float64)
    found = np.isfinite(numbers)
    if not found.any():
        return float("nan")
    _, of = np.unique(np.asarray(group)[found], return_inverse=True)
    return float((np.bincount(of, weights=numbers[found]) / np.bincount(of)).mean())


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
