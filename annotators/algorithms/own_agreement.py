"""How often one person agrees with the others, told so that it gives no single answer away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curation.algorithms.intervals import Interval, accuracy_interval

STEP = 10
SKIP = "skip"


@dataclass(frozen=True)
class OwnAgreement:
    agreed: int
    n: int
    interval: Interval

    @property
    def share(self) -> float:
        return self.agreed / self.n


def majority(votes: Sequence[str]) -> str | None:
    """What most say, skips left out; None where none leads."""
    counted = Counter(vote for vote in votes if vote != SKIP).most_common(2)
    if not counted or (len(counted) == 2 and counted[0][1] == counted[1][1]):
        return None
    return counted[0][0]


def own_agreement(mine: Mapping[int, str], others: Mapping[int, Sequence[str]]) -> OwnAgreement | None:
    """Over the items of `mine`, in their order, on which the others' majority is clear.

    Items are counted in steps of ten, and below ten there is None: whoever watches the figure change while
    they answer learns how ten items turned out together, never one.
    """
    compared = []
    for item, vote in mine.items():
        most = majority(others.get(item, ()))
        if vote != SKIP and most is not None:
            compared.append(vote == most)
    n = len(compared) // STEP * STEP
    if not n:
        return None
    agreed = sum(compared[:n])
    return OwnAgreement(agreed, n, accuracy_interval(agreed, n))
