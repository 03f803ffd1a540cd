"""How much of a text stands in a list of words and phrases.

Words are compared whole, by Unicode's compatibility caseless matching (The Unicode Standard 3.13, D146), with
apostrophes inside. Everything else parts words, as an underscore does not; each Han or kana character is a
word, so that a word of several is a phrase here.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from curation.algorithms.decontamination import UNSPACED

_WORD = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+(?:'[^\W{UNSPACED}]+)*")

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class WordList:
    """Phrases of one word or more, as `words` gives them."""

    phrases: frozenset[Phrase]

    @cached_property
    def text(self) -> str:
        """The list in one form, however its file was written: sorted, a phrase a line."""
        return "".join(f"{' '.join(phrase)}\n" for phrase in sorted(self.phrases))

    @cached_property
    def sha256(self) -> str:
        """Of `text`: two lists with the same phrases have the same."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def share(self, text: str) -> float:
        """Words of the text that lie in one of the phrases / all its words; 0 where it has none."""
        said = words(text)
        covered = bytearray(len(said))
        for start, word in enumerate(said):
            for phrase in self._by_first.get(word, ()):
                if tuple(said[start : start + len(phrase)]) == phrase:
                    covered[start : start + len(phrase)] = b"\1" * len(phrase)
        return sum(covered) / len(said) if said else 0.0

    @cached_property
    def _by_first(self) -> dict[str, list[Phrase]]:
        found: dict[str, list[Phrase]] = {}
        for phrase in self.phrases:
            found.setdefault(phrase[0], []).append(phrase)
        return found


def word_list(text: str) -> WordList:
    """One phrase a line; lines without a word are passed over. Raises ValueError where there is none."""
    phrases = frozenset(tuple(found) for line in text.splitlines() if (found := words(line)))
    if not phrases:
        raise ValueError("it has no word in it")
    return WordList(phrases)


def words(text: str) -> list[str]:
    """The words of a text in the form in which they are compared."""
    return _WORD.findall(_caseless(text))


def _caseless(text: str) -> str:
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFD", text.replace("’", "'")).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
