"""What changed between two texts, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Change = tuple[Literal["same", "out", "in"], str]
# A word takes the space after it along: alone, the space would match everywhere and cost quadratic time.
WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


def word_diff(old: str, new: str) -> list[Change]:
    """Stretches of text in reading order; what is `same` or `out` joins to `old`, `same` or `in` to `new`."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    found: list[Change] = []
    for kind, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(before[i:j])))
            continue
        if i < j:
            found.append(("out", "".join(before[i:j])))
        if k < m:
            found.append(("in", "".join(after[k:m])))
    return found
