"""How many turns a person still has before them, in a way that never tells which of them check them."""

from __future__ import annotations

from collections.abc import Callable


def turns_left(*, n_claimable: int, n_gold: int, n_opened: int, is_gold: Callable[[int], bool]) -> int:
    """Turns to come: `n_claimable` pairs with the gold pairs that fall among them, at most `n_gold`.

    `is_gold` says of a turn's number whether gold comes then, and `n_opened` is the number of the next. A
    turn taken lowers the result by one, whichever kind it was; counting only what is claimable would let
    anybody see that some answers do not lower it.
    """
    turn = n_opened
    while n_claimable or n_gold:
        if n_gold and is_gold(turn):
            n_gold -= 1
        elif n_claimable:
            n_claimable -= 1
        else:
            break
        turn += 1
    return turn - n_opened
