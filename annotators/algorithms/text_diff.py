"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Change = tuple[Literal["same", "out", "in"], str]
# A word takes the space after it along: alone, the space would match everywhere and cost quadratic time.
WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


def word_diff(old: str, new: str) -> list[Change]:
    """Stretches of text in reading order; those that are `same` or `in` join to `new`.

    Words are compared without the space around them, so a line broken elsewhere is no change.
    """
    before, after = WORDS.findall(old), WORDS.findall(new)
    bare, bare_after = ([word.strip() for word in words] for words in (before, after))
    found: list[Change] = []
    for kind, i, j, k, m in SequenceMatcher(None, bare, bare_after, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(after[k:m])))
            continue
        if i < j:
            found.append(("out", "".join(before[i:j])))
        if k < m:
            found.append(("in", "".join(after[k:m])))
    return found
