"""Texts that are near to each other by the cosine of their embeddings.

Vectors are rows of length 1, so that a cosine is a dot product. `exact_links` compares every text with every
other in blocks: n²·d multiplications, which below some 10⁵ texts is faster than to build an index. What an
index misses is measured against it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from curation.algorithms.filters import Cut, first_reason
from curation.algorithms.fingerprints import text_key
from curation.algorithms.near_duplicates import Clusters, clustered

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Vectors = npt.NDArray[np.float32]
Beat = Callable[[], None]

THRESHOLD = 0.9
# A block of cosines is 64 MB.
BLOCK, COLUMNS = 1024, 16_384
SAMPLED_TOGETHER = 50
# Two ways to add up one dot product in float32 differ by less.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Links:
    """What connects n texts: `one` and `other` are places; `strongest` is each text's largest cosine with
    another, 0 where none reaches the threshold. Links that connect nothing new may be left out."""

    one: IntArray
    other: IntArray
    strongest: FloatArray


Search = Callable[[Vectors, float, Beat], Links]


def find_alike(
    texts: Sequence[str], vectors: Vectors, *, threshold: float, search: Search, beat: Beat
) -> Clusters:
    """The clusters of texts whose cosine is at least the threshold, or that are the same but for case and
    white space; of the latter `search` sees the first only. `vectors` is (texts, dimensions)."""
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold lies in (0, 1], not {threshold}")
    first_with: dict[int, int] = {}
    same_as = np.fromiter(
        (first_with.setdefault(text_key(text), at) for at, text in enumerate(texts)),
        dtype=np.int64,
        count=len(texts),
    )
    beat()
    unique = np.array(list(first_with.values()), dtype=np.int64)
    links = search(vectors[unique], threshold, beat)
    again = np.flatnonzero(same_as != np.arange(len(texts)))
    strongest = np.zeros(len(texts))
    strongest[unique] = links.strongest
    exact = np.union1d(same_as[again], again)
    strongest[exact] = 1.0
    return clustered(
        np.concatenate([same_as[again], unique[links.one]]),
        np.concatenate([again, unique[links.other]]),
        strongest,
        exact=exact,
        n_compared=len(texts),
    )


def exact_links(vectors: Vectors, threshold: float, beat: Beat) -> Links:
    """Every text against every other."""
    n = len(vectors)
    strongest = np.zeros(n)
    found: list[tuple[IntArray, IntArray]] = [(np.zeros(0, dtype=np.int64),) * 2]
    for start in range(0, n, BLOCK):
        for column in range(start, n, COLUMNS):
            cosine = vectors[start : start + BLOCK] @ vectors[column : column + COLUMNS].T
            row, place = np.nonzero(cosine >= threshold)
            later = row + start < place + column
            row, place = row[later], place[later]
            one, other = row + start, place + column
            for ends in (one, other):
                np.maximum.at(strongest, ends, cosine[row, place])
            found.append(thinned(n, one, other))
        beat()
    one, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
    return Links(one, other, np.minimum(strongest, 1.0))


def thinned(n: int, one: IntArray, other: IntArray) -> tuple[IntArray, IntArray]:
    """At most n links that connect the same of n texts: thousands of alike texts have millions of links."""
    if len(one) <= n:
        return one, other
    graph = coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    _, first = np.unique(part, return_index=True)
    linked = np.flatnonzero(first[part] != np.arange(n))
    return first[part[linked]], linked


def nearest(vectors: Vectors, at: IntArray, k: int) -> FloatArray:
    """(len(at), k): the cosines of the k nearest others of the texts at these places, the largest first."""
    found = np.empty((len(at), k))
    for start in range(0, len(at), SAMPLED_TOGETHER):
        some = at[start : start + SAMPLED_TOGETHER]
        cosine = vectors[some] @ vectors.T
        cosine[np.arange(len(some)), some] = -np.inf
        largest = np.partition(cosine, -k, axis=1)[:, -k:]
        found[start : start + len(some)] = np.sort(largest, axis=1)[:, ::-1]
    return found


def n_recalled(exact: FloatArray, found: FloatArray) -> int:
    """How many of the exact k nearest neighbours a search found, by their cosines: a neighbour as near as the
    k-th counts, whichever it is. `exact` is (texts, k); `found` likewise, NaN where it found fewer."""
    furthest = exact[:, -1:] - ROUNDING
    return int((found >= furthest).sum(axis=1).clip(max=exact.shape[1]).sum())


def largest_cosine(vectors: Vectors, tests: Vectors) -> tuple[FloatArray, IntArray]:
    """Each vector's cosine with the nearest test vector, and the place of that one; −1 without any."""
    largest, place = np.full(len(vectors), -1.0), np.full(len(vectors), -1, dtype=np.int64)
    for start in range(0, len(vectors), BLOCK):
        for column in range(0, len(tests), COLUMNS):
            cosine = vectors[start : start + BLOCK] @ tests[column : column + COLUMNS].T
            nearest_here = cosine.argmax(axis=1)
            found = cosine[np.arange(len(cosine)), nearest_here]
            some = slice(start, start + BLOCK)
            nearer = (found > largest[some]) | (place[some] < 0)
            largest[some] = np.where(nearer, found, largest[some])
            place[some] = np.where(nearer, nearest_here + column, place[some])
    return largest, place


def far_from_tests(
    cosine: FloatArray,
    asked: BoolArray,
    test_set: IntArray,
    set_names: Sequence[str],
    threshold: float,
    *,
    is_complete: bool,
    keep_missing: bool,
) -> Cut:
    """Keep pairs whose prompt is further from any test than this; those not `asked` stay.

    `cosine` is NaN where the prompt has no embedding; `test_set` is the place, among the names, of the
    nearest test's set. Without `is_complete` a test has no embedding: no pair is known to be far from it.
    """
    tested = np.isfinite(cosine)
    near = asked & tested & (cosine >= threshold)
    failing = {
        "no embedding of the prompt": asked & ~tested & (not keep_missing),
        "no embedding of an eval prompt": asked & (not is_complete) & (not keep_missing),
    }
    why, missing = first_reason(failing, len(cosine))
    reasons = tuple(f"as near as {threshold:g} to an eval prompt {name}" for name in set_names)
    why = np.where(near, test_set + 1, np.where(why > 0, why + len(reasons), 0))
    return Cut(why, (*reasons, *missing), np.where(asked, cosine, np.nan), (threshold,))
