"""Split a text into sentences or steps, as spans of the text itself.

Every function returns [start, end) offsets into the text, in order and without overlap. Each begins and ends
with a visible character, and together they cover every visible character: a verdict on each is a verdict on
the whole, and nothing has to be looked up again when the text is masked for training (Mask-DPO,
arXiv 2503.02846; Step-DPO, arXiv 2406.18629).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

Bounds = tuple[int, int]

LOOK = 80  # how far around a full stop decides about it; keeps the cost of a text linear in its length
# After these a full stop does not end a sentence, whatever follows …
NEVER_LAST = frozenset(
    {
        "mr", "mrs", "ms", "dr", "prof", "rev", "hon", "gen", "col", "sgt", "capt", "lt", "gov", "sen", "rep",
        "st", "vs", "ed", "eds", "al", "approx", "dept", "est", "e.g", "i.e", "cf", "viz", "ca", "resp",
        "incl", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
    }
)  # fmt: skip
# … and after these when a number follows.
BEFORE_NUMBERS = frozenset({"no", "nos", "fig", "figs", "eq", "eqs", "sec", "ch", "vol", "p", "pp"})
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)]|\([a-z0-9]{1,2}\)|[a-zA-Z]\))[ \t]+\S")
BLOCK_LINE = re.compile(r"[ \t]*(?:#{1,6}[ \t]|>|\|)")
ENDING = re.compile(r"[.!?…]+[\"'”’»)\]*_`]*(?=\s)|[。！？]+[”’」』）]*")
LAST_WORD = re.compile(r"[^\s(\[\"'“‘*_]+$")
STEP_HEAD = re.compile(r"^[ \t]*(?:#{1,6}[ \t]*)?[*_]{0,2}Step[ \t]+\d+\b|(?<=[.!?] )Step \d+:", re.M | re.I)
NUMBERED = re.compile(r"^ {0,3}(?:[*_]{2})?\d{1,3}[.)](?:[ \t]|[*_]{2})", re.MULTILINE)
BLANK_LINE = re.compile(r"\n[ \t\r]*\n\s*")


def sentence_bounds(text: str) -> list[Bounds]:
    """The sentences of a text. A fenced code block is one, and so is each heading, list item and table row
    with the sentences in it split; a line that goes on in lower case is the same sentence wrapped."""
    cuts: set[int] = set()
    for start, end, is_code in blocks(text):
        cuts.add(start)
        if not is_code:
            cuts.update(line_starts(text, start, end))
            cuts.update(sentence_starts(text, start, end))
    return bounds_of(text, cuts)


def step_bounds(text: str) -> list[Bounds]:
    """The steps of a solution: from one “Step 1” to the next where there are such heads, else from one
    top-level number to the next, else paragraphs. What stands before the first is a step of its own."""
    prose = [(start, end) for start, end, is_code in blocks(text) if not is_code]

    def outside_code(pattern: re.Pattern[str]) -> set[int]:
        return {found.start() for found in pattern.finditer(text) if within(prose, found.start())}

    for pattern in (STEP_HEAD, NUMBERED):
        if len(heads := outside_code(pattern)) >= 2:
            return bounds_of(text, heads)
    gaps = [found.end() for found in BLANK_LINE.finditer(text) if within(prose, found.start())]
    return bounds_of(text, gaps)


def blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is a fenced code block); a fence that is never closed runs to the end."""
    at = 0
    while opening := FENCE.search(text, at):
        if opening.start() > at:
            yield at, opening.start(), False
        mark = opening[1]
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t\r]*$", re.MULTILINE)
        line_end = text.find("\n", opening.end())
        closed = closing.search(text, line_end) if line_end >= 0 else None
        at_end = closed.end() if closed else len(text)
        yield opening.start(), at_end, True
        at = at_end
    if at < len(text):
        yield at, len(text), False


def line_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where a line begins something new: not where it goes on with a lower-case letter."""
    at = text.find("\n", start, end)
    while at >= 0:
        rest = text[at + 1 : min(end, at + LOOK)].lstrip(" \t\r")[:1]
        begins_block = LIST_ITEM.match(text, at + 1, end) or BLOCK_LINE.match(text, at + 1, end)
        if begins_block or rest == "\n" or not rest.islower():
            yield at + 1
        at = text.find("\n", at + 1, end)


def sentence_starts(text: str, start: int, end: int) -> Iterator[int]:
    """Where a sentence begins after the one before it ended within the line."""
    for found in ENDING.finditer(text, start, end):
        if found[0][0] in "。！？" or ends_sentence(text, start, found, end):
            yield found.end()


def ends_sentence(text: str, start: int, found: re.Match[str], end: int) -> bool:
    following = text[found.end() : min(end, found.end() + LOOK)].lstrip()[:1]
    if following.islower():
        return False
    if not found[0].startswith(".") or found[0].startswith(".."):
        return True
    line_start = max(start, text.rfind("\n", start, found.start()) + 1)
    near = max(line_start, found.start() - LOOK)
    line = text[near : found.start()]
    last = LAST_WORD.search(line)
    if last is None:
        return False
    word = last[0]
    numbers_item = near == line_start and word.isdigit() and not line[: last.start()].strip(" \t*_")
    is_initial = (len(word) == 1 and word.isupper() and word != "I") or re.fullmatch(
        r"(?:[A-Za-z]\.)+[A-Za-z]", word
    )
    abbreviates = word.lower() in NEVER_LAST or (following.isdigit() and word.lower() in BEFORE_NUMBERS)
    return not (numbers_item or is_initial or abbreviates)


def bounds_of(text: str, cuts: Iterable[int]) -> list[Bounds]:
    """The text between cuts, trimmed; a piece without a letter or digit, such as a rule, joins the one
    before it, or the one after where it comes first."""
    edges = sorted({0, len(text), *cuts})
    found: list[Bounds] = []
    waiting: int | None = None
    for left, right in pairwise(edges):
        piece = text[left:right]
        if not piece.strip():
            continue
        start = left + len(piece) - len(piece.lstrip())
        end = left + len(piece.rstrip())
        if any(char.isalnum() for char in piece):
            found.append((start if waiting is None else waiting, end))
            waiting = None
        elif found:
            found[-1] = (found[-1][0], end)
        else:
            waiting = start if waiting is None else waiting
    if waiting is not None:
        found.append((waiting, len(text.rstrip())))
    return found


def within(ranges: list[Bounds], offset: int) -> bool:
    at = bisect_right(ranges, (offset, float("inf"))) - 1
    return at >= 0 and offset < ranges[at][1]


def stored_bounds(segments: Iterable[Any] | None, text: str) -> list[Bounds]:
    """Of segments that are stored as objects with `start` and `end`; none where they do not fit the text."""
    bounds = [(_offset(segment, "start"), _offset(segment, "end")) for segment in segments or []]
    return bounds if fit(bounds, text) else []


def fit(bounds: Iterable[Bounds], text: str) -> bool:
    """Whether these are pieces of the text in order, none of them empty."""
    last = 0
    for start, end in bounds:
        if not last <= start < end <= len(text):
            return False
        last = end
    return True


def cover(bounds: Sequence[Bounds], text: str) -> bool:
    """Whether these are pieces of the text in order, with nothing visible before, between or after them."""
    if not bounds or not fit(bounds, text):
        return False
    edges = [0, *(edge for piece in bounds for edge in piece), len(text)]
    return not any(text[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True))


def _offset(segment: Any, name: str) -> int:
    value = segment.get(name) if isinstance(segment, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else -1
