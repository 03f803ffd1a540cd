"""Whether two rankings of one prompt's responses agree, and whether one set of comparisons is free of cycles.

The consistency rates are those of CREAM (Wang et al., arXiv 2410.12735): 1 where both score vectors rank the
responses alike, 0 where one is the reverse of the other. Ranks are ordinal: equal scores rank in order of
appearance. Both vectors are (n,), n ≥ 2, one score for each response.
"""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def kendall_consistency(first: ArrayLike, second: ArrayLike) -> float:
    """(τ + 1) / 2: the share of pairs of responses that both rank in the same order."""
    a, b = _ranks(first, second)
    n = len(a)
    return 1 - _inversions(b[np.argsort(a)]) / (n * (n - 1) / 2)


def spearman_consistency(first: ArrayLike, second: ArrayLike) -> float:
    """(ρ + 1) / 2, with ρ = 1 − 6 Σd² / (n(n² − 1)) over the differences d of ranks."""
    a, b = _ranks(first, second)
    n = len(a)
    return 1 - 3 * int(((a - b) ** 2).sum()) / (n * (n**2 - 1))


def top_order_consistency(first: ArrayLike, second: ArrayLike) -> float:
    """1 where both name the same best response and the same worst, else 0, as the paper defines it.

    Of equal scores the first to appear is named, as it is when the pair is built. (The reference code asks
    instead whether the first and the last sampled response have the same ranks.)
    """
    a, b = _scores(first, second)
    return float(a.argmax() == b.argmax() and a.argmin() == b.argmin())


def majority_wins(winner: ArrayLike, loser: ArrayLike, n: int) -> BoolArray:
    """(n, n): whether response i beat j more often than j beat i. One element per comparison, no ties."""
    won = np.zeros((n, n), dtype=np.int64)
    np.add.at(won, (np.asarray(winner, dtype=np.int64), np.asarray(loser, dtype=np.int64)), 1)
    beats: BoolArray = won > won.T
    return beats


def three_cycles(beats: ArrayLike) -> int:
    """How many sets of three responses beat each other in a circle; responses need not all have met."""
    won = _wins(beats).astype(np.int64)
    return int(np.trace(won @ won @ won)) // 3


def kendall_smith_zeta(beats: ArrayLike) -> float:
    """ζ, the coefficient of consistence of a complete tournament without ties: 1 no cycle, 0 the most there
    can be (Kendall and Babington Smith, 1940).

    1 − 24d / (n³ − n) for odd n, 1 − 24d / (n³ − 4n) for even n, with d circular triads. Raises ValueError
    for fewer than three responses, or where two have not met or are level.
    """
    won = _wins(beats)
    n = len(won)
    if n < 3:
        raise ValueError(f"{n} responses have no circular triads to count")
    if not np.array_equal(won ^ won.T, ~np.eye(n, dtype=np.bool_)):
        raise ValueError("every two responses must have met, and one of them won")
    return 1 - 24 * three_cycles(won) / (n**3 - n if n % 2 else n**3 - 4 * n)


def _scores(first: ArrayLike, second: ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise ValueError(f"expected two vectors of one length ≥ 2, got shapes {a.shape} and {b.shape}")
    if np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("a response without a score has no rank")
    return a, b


def _ranks(first: ArrayLike, second: ArrayLike) -> tuple[IntArray, IntArray]:
    """Ordinal ranks from 0."""
    a, b = (np.argsort(np.argsort(scores, kind="stable")) for scores in _scores(first, second))
    return a, b


def _inversions(ranks: IntArray) -> int:
    """How many pairs stand in the wrong order."""
    after: list[int] = []
    count = 0
    for rank in reversed(ranks.tolist()):
        count += bisect_left(after, rank)
        insort(after, rank)
    return count


def _wins(beats: ArrayLike) -> BoolArray:
    won = np.asarray(beats, dtype=np.bool_)
    if won.ndim != 2 or won.shape[0] != won.shape[1] or np.any(won & won.T):
        raise ValueError("expected a square table in which no two responses beat each other")
    return won
