"""Which words of two texts differ, for reading them side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

MAX_WORDS = 4_000
# A word takes the space after it along: on its own it would match everywhere, at quadratic cost.
WORDS = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")


class Piece(NamedTuple):
    """A stretch of one of the texts, and whether the other one has it too, in the same place."""

    text: str
    shared: bool


def word_diff(left: str, right: str) -> tuple[list[Piece], list[Piece]]:
    """The pieces of each text, in order; joined, they are the text itself.

    Words are compared without the space around them. Raises ValueError beyond MAX_WORDS words in a text.
    The longest common runs, as difflib finds them (Ratcliff and Metzener, Dr. Dobb's Journal, July 1988).
    """
    words = [WORDS.findall(text) for text in (left, right)]
    if max(map(len, words)) > MAX_WORDS:
        raise ValueError(f"a text of more than {MAX_WORDS:,} words is not compared word by word")
    bare = [[word.strip() for word in side] for side in words]
    before, after = shared_ends(*bare)
    ones, others = (side[before : len(side) - after] for side in bare)
    same = [[i < before or i >= len(side) - after for i in range(len(side))] for side in bare]
    for block in SequenceMatcher(None, ones, others).get_matching_blocks():
        for flags, start in zip(same, (block.a, block.b), strict=True):
            flags[before + start : before + start + block.size] = [True] * block.size
    return pieces(words[0], same[0]), pieces(words[1], same[1])


def shared_ends(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """How many words the texts share at their beginning, and how many more at their end."""
    most = min(len(left), len(right))
    before = next((i for i in range(most) if left[i] != right[i]), most)
    rest = most - before
    after = next((i for i in range(rest) if left[-1 - i] != right[-1 - i]), rest)
    return before, after


def pieces(words: Sequence[str], shared: Sequence[bool]) -> list[Piece]:
    found: list[Piece] = []
    for word, same in zip(words, shared, strict=True):
        if found and found[-1].shared == same:
            found[-1] = Piece(found[-1].text + word, same)
        else:
            found.append(Piece(word, same))
    return found
