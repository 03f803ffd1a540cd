"""Hide in a text what would tell who wrote it: “As ChatGPT, I …” gives a blind comparison away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from curation.algorithms.model_names import MODEL_NAMES

# One length for every name: how long it is would give it away again.
MASK = "▒▒▒"
MAX_WORDS = 500
MAX_WORD_CHARS = 80

SEPARATORS = re.compile(r"[\s_-]+")
WORDLIKE = re.compile(r"[a-z]+")


def mask_words(own: str, samplers: Iterable[str] = ()) -> tuple[str, ...]:
    """What to hide: a campaign's own list, one word or phrase a line, or else the list that ships and the
    names of the project's samplers. Words beyond MAX_WORDS are left out."""
    listed = own.splitlines() if own.strip() else [*MODEL_NAMES, *sampler_words(samplers)]
    words = dict.fromkeys(word.strip()[:MAX_WORD_CHARS] for word in listed)
    return tuple(word for word in words if word)[:MAX_WORDS]


def sampler_words(names: Iterable[str]) -> list[str]:
    """Names of models, whole and without their owner. One that is a word of its own, as “base”, is left:
    hiding it would hide ordinary text."""
    parts = [part for name in names for part in (name, name.rstrip("/").rpartition("/")[2])]
    return [part for part in parts if len(part) > 2 and not WORDLIKE.fullmatch(part)]


@lru_cache(maxsize=64)
def mask_pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    """Whole words of either case, the longest first; the space or hyphen within one may be either, or none.

    Escaped words with at most one optional character between them: nothing to backtrack into. The look at
    the first character alone keeps a long list as cheap as a short one.
    """
    parts = [list(filter(None, SEPARATORS.split(word))) for word in sorted(words, key=len, reverse=True)]
    parts = [word for word in parts if word]
    if not parts:
        return None
    choices = "|".join(r"[\s_-]?".join(map(re.escape, word)) for word in parts)
    firsts = "".join(sorted({re.escape(word[0][0]) for word in parts}))
    return re.compile(rf"(?<!\w)(?=[{firsts}])(?:{choices})(?!\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Masked:
    """A text and what is hidden in it. Offsets are always those of the raw text."""

    raw: str
    words: tuple[str, ...] = ()

    @cached_property
    def hidden(self) -> tuple[tuple[int, int], ...]:
        """[start, end) of each hidden name, in order."""
        pattern = mask_pattern(self.words)
        return tuple(found.span() for found in pattern.finditer(self.raw)) if pattern else ()

    @cached_property
    def text(self) -> str:
        return self.mask(0, len(self.raw))

    def mask(self, start: int, end: int) -> str:
        """What is shown of raw[start:end]. A hidden name shows in the piece that its first character is in,
        so the pieces of a text, put together, show the same as the whole."""
        shown, at = [], start
        for hidden_start, hidden_end in self.hidden:
            if hidden_end <= at:
                continue
            if hidden_start >= end:
                break
            shown.append(self.raw[at:hidden_start] if at < hidden_start else "")
            shown.append(MASK if start <= hidden_start else "")
            at = min(hidden_end, end)
        return "".join([*shown, self.raw[at:end]])


def mask_message(message: dict[str, Any], words: tuple[str, ...]) -> dict[str, Any]:
    """A chat message with names hidden where the assistant speaks; what a person asked is shown as it is."""
    if not words or message.get("role") != "assistant":
        return message
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": Masked(content, words).text}
    parts = [
        {**part, "text": Masked(str(part["text"]), words).text} if part.get("text") else part
        for part in content or []
    ]
    return {**message, "content": parts}
