"""What can be read off a response without a model: its length, its Markdown, its ending, what it repeats.

Lengths are in characters; shares run from 0 to 1. The marks of Markdown are those whose counts Chatbot Arena
controls for (FastChat, "style control") together with tables and code blocks.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from curation.algorithms.decontamination import N, tokens

# A last line of prose shorter than this, as “Paris”, needs no full stop.
SENTENCE_WORDS = 6

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|$)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s+\S")
_RULE = re.compile(r"\s*([-*_])(?:[ \t]*\1){2,}\s*$")
_TABLE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*$")
# Bounded, so that a text of nothing but asterisks costs no more than any other.
_BOLD = re.compile(r"\*\*(?=[^\s*])[^*\n]{1,400}\*\*|(?<!\w)__(?=[^\s_])[^_\n]{1,400}__(?!\w)")
_CLOSING = "\"'”’»)]}*_`」』）】"
_UNFINISHED = tuple(",:;-–—([{、，：；（")
# One script to this count: Japanese is written in all three.
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA"})


@dataclass(frozen=True)
class Outline:
    """A text's lines outside code blocks, how many code blocks it has, and whether the last is unclosed."""

    prose: list[str]
    code_blocks: int
    is_open: bool


def outline(text: str) -> Outline:
    """Code blocks are fenced by ``` or ~~~, at any indent: models put them into list items."""
    prose: list[str] = []
    blocks, fence = 0, ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if not fence:
            if found and "`" not in found[2]:
                fence, blocks = found[1], blocks + 1
            else:
                prose.append(line)
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
    return Outline(prose, blocks, bool(fence))


def list_items(text: str) -> int:
    """Bulleted and numbered items, at every level."""
    return sum(_is_item(line) for line in outline(text).prose)


def markdown_marks(text: str) -> int:
    """Headings, list items, bold passages, tables and code blocks together."""
    found = outline(text)
    lines = found.prose
    return (
        found.code_blocks
        + sum(bool(_HEADING.match(line)) for line in lines)
        + sum(_is_item(line) for line in lines)
        + sum(bool(_TABLE.match(line)) for line in lines)
        + sum(len(_BOLD.findall(line)) for line in lines)
    )


def looks_cut(text: str) -> bool:
    """Whether the text seems to stop before its end: in a code block, after a comma, or within a sentence.

    A line counts as a sentence from SENTENCE_WORDS words on. Headings, list items and table rows may end as
    they like. An empty text is not cut.
    """
    found = outline(text)
    if found.is_open:
        return True
    if not text.strip() or not found.prose or text.rstrip().endswith(("```", "~~~")):
        return False
    last = next((line for line in reversed(found.prose) if line.strip()), "")
    bare = last.rstrip().rstrip(_CLOSING).rstrip()
    if not bare or _RULE.match(last):
        return False
    if bare.endswith(_UNFINISHED) and not _TABLE.match(last):
        return True
    if _HEADING.match(last) or _is_item(last) or "|" in last:
        return False
    return bare[-1].isalnum() and len(tokens(last)) >= SENTENCE_WORDS


def copied_share(prompt: str, response: str, n: int = N) -> float:
    """The share of the response's n-grams of words that stand in the prompt too; 0 where it has none."""
    said = tokens(response)
    if len(said) < n:
        return 0.0
    given = set(_grams(tokens(prompt), n))
    grams = _grams(said, n)
    return sum(gram in given for gram in grams) / len(grams)


def trigram_jaccard(first: str, second: str) -> float:
    """|A ∩ B| / |A ∪ B| of the sets of character trigrams, blind to case and white space.

    A text of fewer than three characters is its own only gram; two empty texts are alike.
    """
    a, b = _trigrams(first), _trigrams(second)
    return len(a & b) / len(a | b) if a or b else 1.0


def script_share(prompt: str, response: str) -> float:
    """The share of the response's letters that are of the script most of the prompt's letters are of.

    This tells Cyrillic from Latin, not Spanish from English. Han and kana count as one script. 1 where
    either text has no letters: then nothing is in another script.
    """
    wanted, said = _scripts(prompt), _scripts(response)
    if not wanted or not said:
        return 1.0
    script = max(wanted, key=lambda name: (wanted[name], name))
    return said[script] / said.total()


def arena_gap(first: float, second: float) -> float:
    """(a − b) / (a + b + 1) of two counts, as Chatbot Arena compares them: between −1 and 1."""
    return (first - second) / (first + second + 1)


def log_ratio(first: float, second: float) -> float:
    """ln((a + 1) / (b + 1)) of two lengths; one is added so that an empty text has a ratio too."""
    return math.log1p(first) - math.log1p(second)


def _is_item(line: str) -> bool:
    return bool(_ITEM.match(line)) and not _RULE.match(line)


def _grams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[start:] for start in range(n)), strict=False))


def _trigrams(text: str) -> set[str]:
    plain = " ".join(text.casefold().split())
    if len(plain) < 3:
        return {plain} - {""}
    return {plain[at : at + 3] for at in range(len(plain) - 2)}


def _scripts(text: str) -> Counter[str]:
    return Counter(script for char in text if (script := _script(char)))


@lru_cache(maxsize=65536)
def _script(char: str) -> str:
    """The first word of a letter's Unicode name, which is its script; empty for anything else."""
    if not char.isalpha():
        return ""
    name = unicodedata.name(char, "UNKNOWN").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    script = name.replace("-", " ").partition(" ")[0]
    return "CJK" if script in _EAST_ASIAN else script
