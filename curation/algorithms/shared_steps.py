"""Two responses that begin with the same steps, as Step-DPO trains on them (Lai et al., arXiv 2406.18629)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from curation.algorithms.segments import Bounds

HEAD = re.compile(r"(?:#{1,6}[ \t]*)?[*_]{0,2}Step[ \t]+\d+[ \t]*[:.)]?[*_]{0,2}", re.IGNORECASE)


@dataclass(frozen=True)
class Parting:
    """What both texts begin with, and how each goes on: by one step, and to its end.

    `shared + rest` is each text. Where both go on under the same head (“Step 3:”), it ends what is shared.
    """

    shared: str
    steps: tuple[str, str]
    rests: tuple[str, str]


def n_shared(texts: tuple[str, str], bounds: tuple[Sequence[Bounds], Sequence[Bounds]]) -> int:
    """How many steps are the same, from the first on."""
    one, other = texts
    same = takewhile(lambda two: two[0] == two[1], zip(*bounds, strict=False))
    return sum(1 for _ in takewhile(lambda two: one[: two[0][1]] == other[: two[0][1]], same))


def parting(texts: tuple[str, str], bounds: tuple[Sequence[Bounds], Sequence[Bounds]]) -> Parting | None:
    """Where two texts part; None if they share no step, or one has no step after those that they share."""
    n = n_shared(texts, bounds)
    if not n or n >= min(map(len, bounds)):
        return None
    starts = [of[n][0] for of in bounds]
    shared = texts[0][: starts[0]]
    if shared != texts[1][: starts[1]]:  # by white space
        shared = texts[0][: bounds[0][n - 1][1]]
    heads = [HEAD.match(text, len(shared)) for text in texts]
    if heads[0] and heads[1] and heads[0][0] == heads[1][0]:
        shared += heads[0][0]
    one, other = (text[len(shared) : of[n][1]] for text, of in zip(texts, bounds, strict=True))
    return Parting(shared, (one, other), (texts[0][len(shared) :], texts[1][len(shared) :]))
