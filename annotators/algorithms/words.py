"""Split a text into words that can be pointed at one by one, as spans of the text itself."""

from __future__ import annotations

import re
import unicodedata

# Scripts that put no space between words: each character stands alone.
DENSE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{DENSE}]|[^\W{DENSE}]+(?:['’\-.,][^\W{DENSE}]+)*|[^\w\s]")
JOINER = "\u200d"


def word_bounds(text: str) -> list[tuple[int, int]]:
    """[start, end) of every word and punctuation mark; together they cover every visible character.

    A combining mark stays with its letter, and an emoji of several parts in one piece.
    """
    found: list[tuple[int, int]] = []
    for match in WORD.finditer(text):
        start, end = match.span()
        if found and found[-1][1] == start and clings(text[start - 1], text[start]):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def clings(before: str, after: str) -> bool:
    if JOINER in (before, after) or unicodedata.category(after).startswith("M"):
        return True
    return unicodedata.category(before).startswith("M") and after.isalnum()
