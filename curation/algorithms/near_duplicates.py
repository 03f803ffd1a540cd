"""Texts that are the same, or nearly: exact but for case and white space, near by the Jaccard index of their
n-grams of words and signs.

Candidates come from MinHash with locality-sensitive hashing (Broder, 1997; Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, chapter 3); each one counts only where its true index reaches the threshold.
Clusters are the connected parts: two members of one need not be alike themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.algorithms.decontamination import UNSPACED, joined, ngrams
from curation.algorithms.fingerprints import text_key
from curation.algorithms.pairing import all_pairs
from curation.algorithms.splitmix import splitmix

IntArray = npt.NDArray[np.int64]
UIntArray = npt.NDArray[np.uint64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Beat = Callable[[], None]

N, THRESHOLD = 3, 0.7
N_HASHES = 128
# A miss is lost for good, a false candidate costs a look-up: so the bands are made for pairs a little less
# alike, and (false candidates, misses) weigh so much.
SLACK, MISSES_WEIGH = 0.1, (0.2, 0.8)
# In a bucket of more texts each is compared with the first of it only: they differ from bucket to bucket.
ALL_WITH_ALL = 24
LOOK_UPS = 4_000_000
TOKENISED = 50_000
BATCH = 500  # texts whose n-grams are hashed at once: some megabytes

# What prose may have or lack: quotation marks, stops, dashes, soft hyphens and spaces without a width.
_PROSE = r".,;:!?…'\"‘’‚“”„«»‹›·•–—、。，；：！？「」『』《》〈〉¿¡\u00ad\u200b-\u200f\ufeff"
# Signs such as + < # $ are tokens of their own: without them “C++” would be “C#”. A hyphen in a word is none.
_TOKEN = re.compile(
    rf"[{UNSPACED}]|[^\W{UNSPACED}]+|(?<=\d)[.,:](?=\d)|(?<![^\W\d_])-|-(?![^\W\d_])|[^\w\s\-{_PROSE}]"
)


@dataclass(frozen=True)
class Clusters:
    """One element for each text that has a duplicate.

    `place` is the text's place in the input, `cluster` the number of its cluster from 0, the largest first;
    `similarity` is its largest Jaccard index (of embeddings: cosine) with another that was compared with it,
    and `exact` whether another is the same but for case and white space. `n_compared` and `n_wordless` count
    the texts; one without words and signs is like no other.
    """

    place: IntArray
    cluster: IntArray
    similarity: FloatArray
    exact: BoolArray
    n_compared: int
    n_wordless: int


def _no_sign_of_life() -> None:
    return


def signed_tokens(text: str) -> list[str]:
    """Words without case, and the signs that mean something; punctuation of prose goes."""
    return _TOKEN.findall(text.casefold())


def find_clusters(
    texts: Sequence[str],
    *,
    n: int = N,
    threshold: float = THRESHOLD,
    beat: Beat = _no_sign_of_life,
) -> Clusters:
    """The clusters of texts whose Jaccard index over n-grams of words and signs is at least the threshold.

    `beat` is called between the parts of the work. A pair right at the threshold is missed with odds of a few
    percent, one that is 0.1 above it with less than one in a thousand.
    """
    if n < 1 or not 0 < threshold <= 1:
        raise ValueError(f"n-grams need n ≥ 1 and a threshold in (0, 1], not {n} and {threshold}")
    words = _words(texts, beat)
    worded = np.array([place for place, text in enumerate(words) if text], dtype=np.int64)
    first_with: dict[tuple[str, ...], int] = {}
    same_as = np.array([first_with.setdefault(words[at], at) for at in worded.tolist()], dtype=np.int64)
    unique = np.array(list(first_with.values()), dtype=np.int64)
    beat()
    shingles = Shingles([words[place] for place in unique.tolist()], n)
    beat()
    one, other = _candidates(shingles, threshold, beat)
    index = shingles.jaccard(one, other, beat)
    near = index >= threshold
    again = worded != same_as
    one = np.concatenate([same_as[again], unique[one[near]]])
    other = np.concatenate([worded[again], unique[other[near]]])
    similarity = np.zeros(len(texts))
    for ends in (one, other):
        np.maximum.at(similarity, ends, np.concatenate([np.ones(int(again.sum())), index[near]]))
    return clustered(one, other, similarity, exact=_repeated(texts, worded), n_compared=len(worded))


def _words(texts: Sequence[str], beat: Beat) -> list[tuple[str, ...]]:
    words: list[tuple[str, ...]] = []
    for start in range(0, len(texts), TOKENISED):
        words += (tuple(signed_tokens(text)) for text in texts[start : start + TOKENISED])
        beat()
    return words


def _repeated(texts: Sequence[str], at: IntArray) -> IntArray:
    """Those of the places whose text stands at another of them too, but for case and white space."""
    keys = np.fromiter((text_key(texts[place]) for place in at.tolist()), dtype=np.int64, count=len(at))
    _, of, counts = np.unique(keys, return_inverse=True, return_counts=True)
    repeated: IntArray = at[counts[of] > 1]
    return repeated


class Shingles:
    """Texts, each of at least one word, as sets of n-grams; a text of fewer than n words is one n-gram.

    N-grams are compared by 64-bit keys: two different ones share a key with odds of 1 in 2⁶⁴.
    """

    def __init__(self, texts: Sequence[tuple[str, ...]], n: int) -> None:
        ids: dict[str, int] = {}
        numbered = [[ids.setdefault(word, len(ids)) for word in text] for text in texts]
        keys, of = self._ngrams_of(numbered, n)
        keys, number = np.unique(keys, return_inverse=True)
        self.n_keys = max(len(keys), 1)
        # One number for each (text, n-gram), in order: what a text holds is found by bisection.
        self.codes = np.unique(of * self.n_keys + number)
        self.hashes = (keys >> np.uint64(32)).astype(np.uint32)[self.codes % self.n_keys]
        self.ends = np.searchsorted(self.codes, (np.arange(len(texts)) + 1) * self.n_keys)
        self.sizes = np.diff(self.ends, prepend=0)

    @staticmethod
    def _ngrams_of(numbered: list[list[int]], n: int) -> tuple[UIntArray, IntArray]:
        """The key and the text of every n-gram; lengths go apart, as a short text is an n-gram of its own."""
        found: list[tuple[UIntArray, IntArray]] = []
        lengths = np.array([min(len(text), n) for text in numbered], dtype=np.int64)
        for length in np.unique(lengths).tolist():
            at = np.flatnonzero(lengths == length)
            flat, text_of = joined([numbered[place] for place in at.tolist()])
            starts, keys = ngrams(flat, length)
            found.append((keys, at[text_of[starts]]))
        none = (np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64))
        keys_of, texts_of = zip(*found, strict=True) if found else ((none[0],), (none[1],))
        return np.concatenate(keys_of), np.concatenate(texts_of)

    def __len__(self) -> int:
        return len(self.sizes)

    def jaccard(self, one: IntArray, other: IntArray, beat: Beat = _no_sign_of_life) -> FloatArray:
        """The index of each pair of texts: n-grams that both hold / n-grams that either holds."""
        smaller = np.where(self.sizes[one] <= self.sizes[other], one, other)
        larger = np.where(smaller == one, other, one)
        shared = np.zeros(len(one), dtype=np.int64)
        ends = np.cumsum(self.sizes[smaller])
        start = 0
        while start < len(one):
            done = int(ends[start - 1]) if start else 0
            stop = max(int(np.searchsorted(ends, done + LOOK_UPS, side="right")), start + 1)
            shared[start:stop] = self._shared(smaller[start:stop], larger[start:stop])
            start = stop
            beat()
        either = self.sizes[one] + self.sizes[other] - shared
        return shared / np.maximum(either, 1)

    def _shared(self, smaller: IntArray, larger: IntArray) -> IntArray:
        sizes = self.sizes[smaller]
        pair = np.repeat(np.arange(len(smaller)), sizes)
        begins = np.repeat(self.ends[smaller] - sizes, sizes)
        step = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        wanted = self.codes[begins + step] % self.n_keys + larger[pair] * self.n_keys
        at = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        return np.bincount(pair[self.codes[at] == wanted], minlength=len(smaller))


def _candidates(shingles: Shingles, threshold: float, beat: Beat) -> tuple[IntArray, IntArray]:
    """Pairs of texts, each once, that share a bucket of a band of their MinHashes."""
    from datasketch import MinHashLSH  # half a second, which web processes need not wait for

    lsh = MinHashLSH(threshold=max(threshold - SLACK, SLACK), num_perm=N_HASHES, weights=MISSES_WEIGH)
    signatures = _signatures(shingles, beat)
    n = max(len(shingles), 1)
    found = np.zeros(0, dtype=np.int64)
    for start, stop in lsh.hashranges:
        bucket = np.zeros(len(shingles), dtype=np.uint64)
        for column in range(start, stop):
            bucket = splitmix(bucket ^ signatures[:, column].astype(np.uint64))
        one, other = _sharing(bucket)
        found = np.union1d(found, one * n + other)
        beat()
    one, other = np.divmod(found, n)
    return one, other


def _signatures(shingles: Shingles, beat: Beat) -> npt.NDArray[np.uint32]:
    """(texts, N_HASHES): the MinHashes of each, by the permutations of datasketch."""
    from datasketch import MinHash

    times, plus = MinHash(num_perm=N_HASHES, scheme="affine32").permutations
    signatures = np.empty((len(shingles), N_HASHES), dtype=np.uint32)
    begins = shingles.ends - shingles.sizes
    for first in range(0, len(shingles), BATCH):
        last = min(first + BATCH, len(shingles))
        start = begins[first]
        hashes = shingles.hashes[start : shingles.ends[last - 1], np.newaxis]
        signatures[first:last] = np.minimum.reduceat(hashes * times + plus, begins[first:last] - start)
        beat()
    return signatures


def _sharing(bucket: UIntArray) -> tuple[IntArray, IntArray]:
    """Pairs within each bucket, the smaller place first; in a large one only those with its first text."""
    _, of, sizes = np.unique(bucket, return_inverse=True, return_counts=True)
    order = np.argsort(of, kind="stable")
    first_of = order[np.cumsum(sizes) - sizes]
    small = np.flatnonzero((sizes[of] > 1) & (sizes[of] <= ALL_WITH_ALL))
    large = np.flatnonzero(sizes[of] > ALL_WITH_ALL)
    one, other = (small[places] for places in all_pairs(of[small]))
    with_first = large[first_of[of[large]] != large]
    return np.concatenate([one, first_of[of[with_first]]]), np.concatenate([other, with_first])


def clustered(
    one: IntArray, other: IntArray, similarity: FloatArray, *, exact: IntArray, n_compared: int
) -> Clusters:
    """Clusters from links between places, the largest similarity of each text, and the places of texts that
    stand there more than once."""
    root = _connected(len(similarity), one, other)
    place = np.unique(np.concatenate([one, other]))
    roots, of, sizes = np.unique(root[place], return_inverse=True, return_counts=True)
    rank = np.empty(len(roots), dtype=np.int64)
    rank[np.lexsort((roots, -sizes))] = np.arange(len(roots))
    order = np.lexsort((place, rank[of]))
    return Clusters(
        place=place[order],
        cluster=rank[of][order],
        similarity=similarity[place][order],
        exact=np.isin(place[order], exact),
        n_compared=n_compared,
        n_wordless=len(similarity) - n_compared,
    )


def _connected(n: int, one: IntArray, other: IntArray) -> IntArray:
    """Per element the smallest one of its connected part (union-find with path halving)."""
    parent = list(range(n))

    def root(element: int) -> int:
        while parent[element] != element:
            parent[element] = parent[parent[element]]
            element = parent[element]
        return element

    for first, second in zip(one.tolist(), other.tolist(), strict=True):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return np.array([root(element) for element in range(n)], dtype=np.int64)
