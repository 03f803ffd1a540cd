"""From a judge's probability to an answer on the scale people use."""

from __future__ import annotations

CLEAR, STRONG = 0.7, 0.9


def preference_of(p_left: float) -> int | None:
    """The preference towards the left, −3…3, that P(left is better) amounts to; None for a tie.

    The likelier side is slightly better below 0.7, better from 0.7, much better from 0.9; exactly ½ is a
    tie. The cuts only fill the seven-point scale: filters and consensus read the probability itself.
    """
    if not 0 <= p_left <= 1:
        raise ValueError(f"{p_left} is not a probability")
    if p_left == 0.5:
        return None
    strength = max(p_left, 1 - p_left)
    size = 3 if strength >= STRONG else 2 if strength >= CLEAR else 1
    return size if p_left > 0.5 else -size
