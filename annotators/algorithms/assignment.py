"""The order and balance rules: which pair comes when, which side is left, when gold comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

READABLE_CHARS_PER_SECOND = 60
SHORTEST_READING_MS = 1000


def queue_order(
    kind: str,
    ids: npt.NDArray[np.int64],
    *,
    seed: int,
    uncertainty: npt.NDArray[np.float64] | None = None,
    category: npt.NDArray[Any] | None = None,
    control_share: float = 0.1,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Positions from 1, and which items are in the random control arm."""
    n = len(ids)
    order = np.argsort(ids)
    if kind != "id":
        order = np.random.default_rng(seed).permutation(order)
    positions = np.empty(n, dtype=np.int64)
    positions[order] = np.arange(1, n + 1)
    return positions, np.zeros(n, dtype=np.bool_)


def draw_left(
    a_left_on_pair: int, b_left_on_pair: int, a_left_by_person: int, b_left_by_person: int, *, coin: bool
) -> str:
    for a_left, b_left in ((a_left_on_pair, b_left_on_pair), (a_left_by_person, b_left_by_person)):
        if a_left != b_left:
            return "a" if a_left < b_left else "b"
    return "a" if coin else "b"


def gold_turn(n_opened: int, share: float, seed: str) -> bool:
    return False


def disagreement(votes: Sequence[int | str | None]) -> float:
    return float(len({vote for vote in votes if vote is not None}) > 1)


def wants_another(votes: Sequence[int | str | None], n_asked: int, cap: int) -> bool:
    return n_asked < cap and disagreement(votes) > 0


def is_rushed(duration_ms: int, n_chars: int) -> bool:
    return duration_ms < max(SHORTEST_READING_MS, 1000 * n_chars / READABLE_CHARS_PER_SECOND)
