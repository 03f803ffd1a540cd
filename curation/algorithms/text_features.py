"""What a response looks like, as numbers: surface features, and which words and pairs of words it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from curation.algorithms.decontamination import tokens
from curation.algorithms.phrases import names_itself, refuses
from curation.algorithms.response_text import list_items

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MAX_WORDS = 2000  # of one text: a runaway response must not fill the memory
N_TERMS, MIN_TEXTS = 2000, 5

_HEADING = re.compile(r"^#{1,6}[ \t]", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*")
_TABLE_ROW = re.compile(r"^[ \t]*\|.*\|[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"https?://")
_DIGIT = re.compile(r"[0-9]")
_CAPITAL = re.compile(r"[A-Z]")
_OPENER = re.compile(r"\s*(?:sure|certainly|of course|absolutely|great question|happy to)\b", re.IGNORECASE)
_END = re.compile(r"[.!?…:;)\]}\"'”’`*|>。！？]\s*$")


@dataclass(frozen=True)
class Surface:
    """One feature: what it is called, and how it is read. Counts enter as log(1 + count)."""

    label: str
    read: Callable[[str], float]
    is_count: bool = True


def _share(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda text: len(pattern.findall(text)) / max(len(text), 1)


def _times(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda text: float(len(pattern.findall(text)))


SURFACE = (
    Surface("characters", lambda text: float(len(text))),
    Surface("words", lambda text: float(len(text.split()))),
    Surface("characters per word", lambda text: len(text) / max(len(text.split()), 1), is_count=False),
    Surface("lines", lambda text: float(text.count("\n") + 1)),
    Surface("paragraphs", lambda text: float(text.count("\n\n") + 1)),
    Surface("list items", lambda text: float(list_items(text))),
    Surface("headings", _times(_HEADING)),
    Surface("bold passages", _times(_BOLD)),
    Surface("code fences", lambda text: float(text.count("```"))),
    Surface("table rows", _times(_TABLE_ROW)),
    Surface("links", _times(_LINK)),
    Surface("question marks", lambda text: float(text.count("?"))),
    Surface("exclamation marks", lambda text: float(text.count("!"))),
    Surface("commas", lambda text: float(text.count(","))),
    Surface("digits per character", _share(_DIGIT), is_count=False),
    Surface("capitals per character", _share(_CAPITAL), is_count=False),
    Surface("refusals (“I can’t help”, “I’m unable”)", lambda text: float(refuses(text)), is_count=False),
    Surface("mentions of “as an AI”", lambda text: float(names_itself(text)), is_count=False),
    Surface(
        "openings like “Sure”, “Certainly”", lambda text: float(bool(_OPENER.match(text))), is_count=False
    ),
    Surface("endings without punctuation", lambda text: float(not _END.search(text)), is_count=False),
)
CHARACTERS = 0  # the place of the length among them


def surface_features(text: str) -> list[float]:
    """One number for each of SURFACE, counts as they are."""
    return [feature.read(text) for feature in SURFACE]


def damped(features: FloatArray) -> FloatArray:
    """(texts, len(SURFACE)) with log(1 + count) for counts, so that no long text outweighs the rest."""
    counts = np.array([feature.is_count for feature in SURFACE])
    return np.where(counts, np.log1p(features), features)


@dataclass(frozen=True)
class Terms:
    """Which texts have which words and pairs of words.

    `matrix` is (texts, terms), sparse: each text's terms weigh the same and its row has length 1, so that a
    long text does not weigh more than a short one.
    """

    names: list[str]
    matrix: Any

    def shares(self, rows: IntArray) -> FloatArray:
        """For each term, the share of the texts at `rows` that have it."""
        shares: FloatArray = np.bincount(self.matrix[rows].indices, minlength=len(self.names)) / max(
            len(rows), 1
        )
        return shares


class Words:
    """Texts, one after the other, as numbers of words: what is kept of them is a few bytes a word."""

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self.texts: list[npt.NDArray[np.int32]] = []

    def add(self, text: str) -> None:
        found = [self.ids.setdefault(word, len(self.ids)) for word in tokens(text)[:MAX_WORDS]]
        self.texts.append(np.array(found, dtype=np.int32))

    def terms(self, n_terms: int = N_TERMS, min_texts: int = MIN_TEXTS) -> Terms:
        """The words and pairs of words that most texts have, of those that at least `min_texts` have."""
        n = len(self.ids)
        keys = [_own_terms(text.astype(np.int64), n) for text in self.texts]
        flat = np.concatenate([np.zeros(0, dtype=np.int64), *keys])
        row = np.repeat(np.arange(len(keys)), [len(own) for own in keys])
        found, at, counts = np.unique(flat, return_inverse=True, return_counts=True)
        order = np.lexsort((found, -counts))[:n_terms]
        kept = np.sort(order[counts[order] >= min_texts])
        place = np.full(len(found), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        column = place[at]
        row, column = row[column >= 0], column[column >= 0]
        sizes = np.bincount(row, minlength=len(keys))
        matrix = csr_array(
            (1 / np.sqrt(sizes[row]), (row, column)), shape=(len(keys), len(kept)), dtype=np.float64
        )
        words = list(self.ids)
        names = [
            words[key] if key < n else f"{words[key // n - 1]} {words[key % n]}"
            for key in found[kept].tolist()
        ]
        return Terms(names, matrix)


def _own_terms(text: IntArray, n: int) -> IntArray:
    """The distinct words (their ids) and pairs (n + first · n + second) of a text."""
    return np.unique(np.concatenate([text, n + text[:-1] * n + text[1:]]))


def distinct_share(texts: Sequence[npt.NDArray[np.int32]], n: int, budget: int) -> tuple[float, int]:
    """distinct-n (Li et al., arXiv 1510.03055): different n-grams / n-grams, and how many words were read.

    The share falls with the amount of text, so it reads the first `budget` words at most: compare only
    numbers of the same amount. nan without an n-gram.
    """
    width = max((int(text.max(initial=0)) for text in texts), default=0) + 1
    grams, read = [np.zeros(0, dtype=np.int64)], 0
    for text in texts:
        taken = text[: budget - read].astype(np.int64)
        read += len(taken)
        key = np.zeros(max(len(taken) - n + 1, 0), dtype=np.int64)
        for offset in range(n):
            key = key * width + taken[offset : offset + len(key)]
        grams.append(key)
    keys = np.concatenate(grams)
    return (len(np.unique(keys)) / len(keys) if len(keys) else nan), read
