"""The area under the ROC curve, with weights and strata, fast enough to be resampled."""

from __future__ import annotations

from math import nan

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class Ranked:
    """Rows in order of their scores; only rows of the same stratum (such as a fold) are compared.

    `scores` and `positive` are (rows,), as is `strata`, where given.
    """

    def __init__(self, scores: ArrayLike, positive: ArrayLike, strata: ArrayLike | None = None) -> None:
        values = np.asarray(scores, dtype=np.float64)
        self.positive: BoolArray = np.asarray(positive, dtype=np.bool_)
        parts = np.zeros(len(values), dtype=np.int64) if strata is None else np.asarray(strata)
        if values.shape != self.positive.shape or values.shape != parts.shape or values.ndim != 1:
            raise ValueError("scores, labels and strata must be vectors of one length")
        if np.isnan(values).any():
            raise ValueError("a row without a score has no rank")
        order = np.lexsort((values, parts))
        new_part = np.diff(parts[order], prepend=parts[order[:1]]) != 0
        new_value = new_part | (np.diff(values[order], prepend=values[order[:1]]) != 0)
        self._key = np.empty(len(values), dtype=np.int64)
        self._key[order] = np.cumsum(new_value)
        self._part = np.empty(len(values), dtype=np.int64)
        self._part[order] = np.cumsum(new_part)

    def auc(self, weight: FloatArray | None = None) -> float:
        """P(a positive row scores higher than a negative one), ties counting half; nan without both kinds.

        The Mann-Whitney statistic (Hanley and McNeil, 1982). A row of weight w counts as w rows.
        """
        weight = np.ones(len(self.positive)) if weight is None else weight
        n_keys, n_parts = int(self._key.max(initial=0)) + 1, int(self._part.max(initial=0)) + 1
        ups, downs = weight * self.positive, weight * ~self.positive
        up_by_part = np.bincount(self._part, weights=ups, minlength=n_parts)
        down_by_part = np.bincount(self._part, weights=downs, minlength=n_parts)
        pairs = float(up_by_part @ down_by_part)
        if not pairs:
            return nan
        up = np.bincount(self._key, weights=ups, minlength=n_keys)
        down = np.bincount(self._key, weights=downs, minlength=n_keys)
        won = float(up @ (np.cumsum(down) - down / 2))
        # Negative rows of earlier strata were counted as beaten: they are no opponents.
        strangers = np.cumsum(down_by_part) - down_by_part
        return (won - float(up_by_part @ strangers)) / pairs


def auc(scores: ArrayLike, positive: ArrayLike) -> float:
    return Ranked(scores, positive).auc()
