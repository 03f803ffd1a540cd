"""What a set of preferences leans towards: length, models, categories; and how noisy its labels are."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, comb, isnan, log, nan, sqrt, tanh
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from curation.algorithms.decontamination import tokens
from curation.algorithms.intervals import Interval, require_confidence

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


def average_ranks(values: ArrayLike) -> FloatArray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, at, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = (last - (counts - 1) / 2)[at]
    return ranks


def spearman(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's ρ: the correlation of average ranks; nan where one of them never varies."""
    a, b = average_ranks(first), average_ranks(second)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return nan
    return float(np.corrcoef(a, b)[0, 1])


def spearman_interval(rho: float, n: int, confidence: float = 0.95) -> Interval:
    """By Fisher's z with the variance of Bonett and Wright (2000), (1 + ρ²/2)/(n − 3); for independent rows.

    nan for n < 4. At ρ = ±1 the interval is that point.
    """
    require_confidence(confidence)
    if n < 4 or isnan(rho):
        return Interval(nan, nan)
    if abs(rho) >= 1:
        return Interval(rho, rho)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt((1 + rho**2 / 2) / (n - 3))
    return Interval(tanh(atanh(rho) - half), tanh(atanh(rho) + half))


def log_ratio_bins(first: IntArray, second: IntArray, edges: FloatArray) -> tuple[IntArray, int]:
    """Counts of log₂(first / second) between the edges, those beyond them in the outermost bins; and how many
    have no ratio because one of the two is 0."""
    known = (first > 0) & (second > 0)
    ratio = np.log2(first[known] / second[known])
    inside = np.clip(ratio, edges[0], edges[-1])
    return np.histogram(inside, edges)[0].astype(np.int64), int((~known).sum())


@dataclass(frozen=True)
class Disagreement:
    """Two raters of one pair, over all pairs: how many such twosomes there are, and how many disagree."""

    twosomes: int
    differ: int

    @property
    def share(self) -> float:
        return self.differ / self.twosomes if self.twosomes else nan


def disagreement(for_chosen: IntArray, for_rejected: IntArray) -> Disagreement:
    """From the votes on each pair; ties are left out before."""
    votes = for_chosen + for_rejected
    return Disagreement(int((votes * (votes - 1) // 2).sum()), int((for_chosen * for_rejected).sum()))


def vote_error(disagreeing: float) -> float:
    """How often one vote is wrong, e, where two votes of a pair differ with probability 2e(1 − e).

    Assumes a right answer for each pair, and votes that err independently and equally often, less than half
    the time. A share above ½ cannot come from such votes: e is then ½.
    """
    if isnan(disagreeing):
        return nan
    if not 0 <= disagreeing <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {disagreeing}")
    return (1 - sqrt(max(1 - 2 * disagreeing, 0.0))) / 2


def majority_error(error: float, votes: int) -> float:
    """How often the majority of `votes` is wrong, each with probability `error`; a draw is half wrong."""
    if votes < 1:
        raise ValueError("no vote has no majority")
    chance = [
        comb(votes, wrong) * error**wrong * (1 - error) ** (votes - wrong) for wrong in range(votes + 1)
    ]
    draw = chance[votes // 2] / 2 if votes % 2 == 0 else 0.0
    return sum(chance[votes // 2 + 1 :]) + draw


def evenness(counts: ArrayLike) -> float:
    """Entropy of the shares / log of how many there are (Pielou, 1966): 1 all alike, 0 one has everything.

    nan for fewer than two kinds.
    """
    n = np.asarray(counts, dtype=np.float64)
    n = n[n > 0]
    if len(n) < 2:
        return nan
    shares = n / n.sum()
    return float(-(shares * np.log(shares)).sum() / log(len(n)))


def nearest_similarity(tests: list[str], training: list[str]) -> FloatArray:
    """For each test text, the cosine with the most similar training text, (tests,), in [0, 1].

    Words weigh (1 + log count) · (1 + log((1 + n)/(1 + m))), where m of the n training texts have the word.
    Words that no training text has still lengthen a test text, so a text of strangers is near to none.
    """
    ids: dict[str, int] = {}
    train, test = (_counted(texts, ids) for texts in (training, tests))
    width, n = len(ids), len(training)
    shape = (len(training), width)
    known = csr_array((np.log(train[2]) + 1, (train[0], train[1])), shape=shape, dtype=np.float64)
    weight = 1 + np.log((1 + n) / (1 + np.bincount(train[1], minlength=width)))
    asked = csr_array((np.log(test[2]) + 1, (test[0], test[1])), shape=(len(tests), width), dtype=np.float64)
    known, asked = (_unit_rows(matrix.multiply(weight).tocsr()) for matrix in (known, asked))
    nearest = np.zeros(len(tests))
    if not n:
        return nearest
    for start in range(0, len(tests), 100):  # 100 rows of all similarities at a time bound the memory
        block = asked[start : start + 100] @ known.T
        nearest[start : start + 100] = block.max(axis=1).toarray().ravel()
    return np.clip(nearest, 0.0, 1.0)


def _counted(texts: list[str], ids: dict[str, int]) -> tuple[IntArray, IntArray, IntArray]:
    """(text, word, how often) of every word that a text has; new words get new ids."""
    numbered = [[ids.setdefault(word, len(ids)) for word in tokens(text)] for text in texts]
    row = np.repeat(np.arange(len(texts)), [len(words) for words in numbered])
    column = np.fromiter((word for words in numbered for word in words), dtype=np.int64, count=len(row))
    keys, counts = np.unique(row * max(len(ids), 1) + column, return_counts=True)
    rows, columns = np.divmod(keys, max(len(ids), 1))
    return rows, columns, counts


def _unit_rows(matrix: csr_array) -> csr_array:
    sizes = np.repeat(np.sqrt(matrix.multiply(matrix).sum(axis=1)), np.diff(matrix.indptr))
    return csr_array((matrix.data / sizes, matrix.indices, matrix.indptr), shape=matrix.shape)
