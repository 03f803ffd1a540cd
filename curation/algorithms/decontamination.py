"""How much of a test text a training text gives away, by shared n-grams.

The rule of Tülu 3 (Lambert et al., arXiv 2411.15124): a token of the test text is covered if it lies in an
n-gram that also occurs in the training text; the share is covered tokens / tokens. The paper takes n = 8 and
calls a training text contaminated above a share of ½. A test text of fewer than n tokens has no n-gram, so
nothing covers it. A text may be several turns: no n-gram runs from one into the next. The paper's code takes
each turn of a training prompt by itself; here they cover together, so that a copied conversation is found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.algorithms.splitmix import UIntArray, splitmix

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

N, THRESHOLD = 8, 0.5
# Tülu 3 cleans a training set from which more than this share of a test set's texts is covered.
SET_THRESHOLD = 0.02

UNSPACED = "぀-ヿ㐀-䶿一-鿿豈-﫿"  # kana and Han characters, each a token of its own
_TOKEN = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+")
_STRANGER = -1


def user_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """What the user says in a prompt, all turns: instructions of the system and earlier answers stay out."""
    said = [turn["content"] for turn in messages if turn.get("role") == "user"]
    return "\n".join(part for content in said for part in _texts(content))


def user_turns(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the user says in each turn of a prompt."""
    return ["\n".join(_texts(turn["content"])) for turn in messages if turn.get("role") == "user"]


def whole_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """What everybody says in a prompt, instructions of the system included."""
    return "\n".join(part for turn in messages for part in _texts(turn.get("content") or ""))


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(part["text"]) for part in content if isinstance(part, dict) and part.get("type") == "text"]


def tokens(text: str) -> list[str]:
    """Words without case and punctuation, much as the search engine behind the paper's code compares them."""
    return _TOKEN.findall(text.casefold())


def overlap_share(test: str, training: str, n: int = N) -> float:
    """The share of the test text's tokens that the training text covers."""
    return float(NgramIndex([test], n).overlap([training]).share[0])


@dataclass(frozen=True)
class Overlap:
    """One element per training text: its largest share over the test texts, and the place of the test text
    that has it, −1 where nothing is covered. `of_tests` has one element per test text: its largest share over
    the training texts."""

    share: FloatArray
    test: IntArray
    of_tests: FloatArray


class NgramIndex:
    """Test texts by their n-grams, to compare many training texts with all of them at once.

    A text is a string, or one string for each of its turns.

    N-grams are compared by 64-bit keys: two different ones share a key with odds of 1 in 2⁶⁴.
    """

    def __init__(self, tests: Iterable[str | Sequence[str]], n: int = N) -> None:
        if n < 1:
            raise ValueError(f"an n-gram has at least one token, not {n}")
        self.n = n
        self._ids: dict[str, int] = {}
        numbered = [
            _numbered(test, lambda token: self._ids.setdefault(token, len(self._ids))) for test in tests
        ]
        self.n_tests = len(numbered)
        self._lengths = np.array(
            [max(len(test) - test.count(_STRANGER), 1) for test in numbered], dtype=np.int64
        )
        flat, self._test_of = joined(numbered)
        starts, keys = ngrams(flat, n)
        order = np.argsort(keys, kind="stable")
        self._keys, first = np.unique(keys[order], return_index=True)
        self._starts = np.split(starts[order], first[1:])

    def overlap(self, texts: Iterable[str | Sequence[str]]) -> Overlap:
        """Each training text against all test texts."""
        numbered = [_numbered(text, lambda token: self._ids.get(token, _STRANGER)) for text in texts]
        found = Overlap(
            np.zeros(len(numbered)), np.full(len(numbered), -1, dtype=np.int64), np.zeros(self.n_tests)
        )
        flat, text_of = joined(numbered)
        starts, keys = ngrams(flat, self.n)
        hit = np.isin(keys, self._keys)
        if not hit.any():
            return found
        grams = np.searchsorted(self._keys, keys[hit])
        shared_of, shared = np.divmod(
            np.unique(text_of[starts[hit]] * len(self._keys) + grams), len(self._keys)
        )
        of, first = np.unique(shared_of, return_index=True)
        # Prompts from one template share the same n-grams with the same tests: each such set is solved once.
        known: dict[bytes, tuple[float, int]] = {}
        for text, its_grams in zip(of.tolist(), np.split(shared, first[1:]), strict=True):
            key = its_grams.tobytes()
            if key not in known:
                shares = self._shares(its_grams)
                np.maximum(found.of_tests, shares, out=found.of_tests)
                most = int(shares.argmax())
                known[key] = float(shares[most]), most
            found.share[text], found.test[text] = known[key]
        return found

    def _shares(self, grams: IntArray) -> FloatArray:
        """The share of each test text that these n-grams cover."""
        starts = np.sort(np.concatenate([self._starts[gram] for gram in grams.tolist()]), kind="stable")
        # An n-gram covers n tokens less those that the next one covers; the next text starts further away.
        covered = np.minimum(np.diff(starts, append=starts[-1] + self.n), self.n)
        tests = self._test_of[starts]
        shares: FloatArray = np.bincount(tests, weights=covered, minlength=self.n_tests) / self._lengths
        return shares


def _numbered(text: str | Sequence[str], number: Callable[[str], int]) -> list[int]:
    """The numbers of a text's tokens, with a stranger between two turns."""
    numbers: list[int] = []
    for turn in [text] if isinstance(text, str) else text:
        if numbers:
            numbers.append(_STRANGER)
        numbers += map(number, tokens(turn))
    return numbers


def joined(numbered: Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
    """All texts' tokens in a row, a stranger after each, and the place of the text that each belongs to."""
    lengths = np.array([len(text) + 1 for text in numbered], dtype=np.int64)
    flat = np.fromiter(
        (token for text in numbered for token in (*text, _STRANGER)), dtype=np.int64, count=int(lengths.sum())
    )
    return flat, np.repeat(np.arange(len(numbered)), lengths)


def ngrams(flat: IntArray, n: int) -> tuple[IntArray, UIntArray]:
    """Where the n-grams without a stranger start, and their keys."""
    here = np.arange(len(flat))
    last_stranger = np.maximum.accumulate(np.where(flat == _STRANGER, here, -1))
    starts = here[here - last_stranger >= n] - (n - 1)
    words = splitmix(flat.astype(np.uint64))
    keys = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(n):
        keys = splitmix(keys ^ words[starts + offset])
    return starts, keys
