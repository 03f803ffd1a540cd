"""Which of many pairs to take: by rank, by weight, or in what order. Every result is places in the input."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from curation.algorithms.splitmix import splitmix

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def quantile_slice(score: ArrayLike, quantile: float, n: int) -> IntArray:
    """The n places whose scores lie around a quantile, in ascending order of score.

    The window of Razin et al. (arXiv 2410.08847, section 5): it is centred on rank round(q (N − 1)) and moved
    back inside, so 0 gives the n lowest, 1 the n highest, ½ those around the median. Equal scores rank in
    order of place; scores that are not finite are outside the ranking. All are taken where n ≥ N.
    """
    if not 0 <= quantile <= 1 or n < 0:
        raise ValueError(f"a slice has a quantile in [0, 1] and a size ≥ 0, not {quantile} and {n}")
    values = np.asarray(score, dtype=np.float64)
    scored = np.flatnonzero(np.isfinite(values))
    ranked = scored[np.argsort(values[scored], kind="stable")]
    start = max(0, round(quantile * (len(ranked) - 1)) - n // 2)
    start = max(0, min(start, len(ranked) - n))
    return ranked[start : start + n]


def own_draws(ids: ArrayLike, seed: int) -> FloatArray:
    """A uniform number in (0, 1) for each integer id, from the seed and the id alone (SplitMix64).

    Which other ids there are changes nothing, so a choice by these draws stays when pairs are added.
    """
    state = np.asarray(ids, dtype=np.int64).astype(np.uint64)
    state = splitmix(state + splitmix(np.array([seed % 2**64], dtype=np.uint64)))
    draws: FloatArray = ((state >> np.uint64(12)).astype(np.float64) + 0.5) / 2**52
    return draws


def stream(seed: int, name: str) -> int:
    """A seed of its own for each use of one seed, so that two choices by the same ids do not go together."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8], "big")


def weighted_sample(weights: ArrayLike, size: int, *, seed: int, ids: ArrayLike | None = None) -> IntArray:
    """Places drawn without replacement, each next one ∝ its weight among those left; in order of draw.

    Distributed as drawing one after another (Efraimidis and Spirakis, 2006). Where fewer than `size` weights
    are positive, just those are drawn: a weight of 0 is never taken to fill up. Each place draws by its own
    id, by default the place itself.
    """
    weight = np.asarray(weights, dtype=np.float64)
    if weight.ndim != 1 or not np.all(np.isfinite(weight)) or np.any(weight < 0) or size < 0:
        raise ValueError("a sample needs a vector of finite weights ≥ 0 and a size ≥ 0")
    draws = own_draws(np.arange(len(weight)) if ids is None else ids, seed)
    positive = np.flatnonzero(weight > 0)
    waiting = -np.log(draws[positive]) / weight[positive]
    return positive[np.argsort(waiting, kind="stable")][:size]


def prompt_blocks(prompt: ArrayLike, gap: ArrayLike) -> IntArray:
    """The curriculum block of each pair, from 0: the easiest pair of every prompt, then every second easiest.

    Curry-DPO, prompt-wise (Pattnaik et al., arXiv 2403.07230): the larger the gap, the easier the pair. Equal
    gaps rank in order of place.
    """
    return rank_within(prompt, _gaps(gap))


def rank_within(group: ArrayLike, key: ArrayLike) -> IntArray:
    """The rank of each place among those of its group, 0 for the highest key; equals in order of place."""
    groups, keys = np.asarray(group), np.asarray(key)
    order = np.lexsort((-keys, groups))
    of, here = groups[order], np.arange(len(order))
    starts = np.r_[True, of[1:] != of[:-1]] if len(of) else np.zeros(0, dtype=np.bool_)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = here - np.maximum.accumulate(np.where(starts, here, 0))
    return rank


def global_blocks(gap: ArrayLike, n_blocks: int) -> IntArray:
    """The curriculum block of each pair, from 0: all pairs by falling gap, in blocks of equal size.

    Curry-DPO, global (arXiv 2403.07230). Sizes differ by one at most, the earlier blocks being the larger.
    """
    if n_blocks < 1:
        raise ValueError(f"a curriculum has at least one block, not {n_blocks}")
    gaps = _gaps(gap)
    blocks = np.empty(len(gaps), dtype=np.int64)
    for block, places in enumerate(np.array_split(np.argsort(-gaps, kind="stable"), n_blocks)):
        blocks[places] = block
    return blocks


def easy_pairs(gap: ArrayLike, percentile: float) -> tuple[BoolArray, float]:
    """Which pairs are easy, |gap| ≥ γ, and γ itself: the percentile of |gap|, linearly interpolated.

    MPO (Gou and Nguyen, arXiv 2403.19443) trains on the easy pairs first and then on the rest. Its γ depends
    on the reward model, so it is asked for as a percentile.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"a percentile lies in [0, 100], not at {percentile}")
    gaps = np.abs(_gaps(gap))
    if not len(gaps):
        raise ValueError("no gaps, no percentile")
    gamma = float(np.percentile(gaps, percentile))
    return gaps >= gamma, gamma


def _gaps(gap: ArrayLike) -> FloatArray:
    gaps = np.asarray(gap, dtype=np.float64)
    if gaps.ndim != 1 or np.isnan(gaps).any():
        raise ValueError("every pair needs a gap")
    return gaps
