"""Ratings as integer codes, so that statistics over a million of them need no Python loop."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Labels = tuple[Hashable, ...]
Rating = tuple[Hashable, Hashable, Any]
Values = Sequence[Any] | npt.NDArray[Any]


class ByItem(NamedTuple):
    """`order` sorts the ratings by item; those of item i are `order[start[i] : start[i] + size[i]]`."""

    order: IntArray
    start: IntArray
    size: IntArray


@dataclass(frozen=True, eq=False)
class RatingTable:
    """Rating j: `raters[rater[j]]` gave `items[item[j]]` the value `labels[value[j]]`.

    A rater rates an item once at most: agreeing with oneself is not agreement between raters. A second
    rating raises ValueError, as does a missing value (None or NaN); leave those ratings out.
    Iterating gives (item, rater, value) triples.
    """

    item: IntArray
    rater: IntArray
    value: IntArray
    items: Labels
    raters: Labels
    labels: Labels

    def __post_init__(self) -> None:
        columns = {"item": self.items, "rater": self.raters, "value": self.labels}
        for name, names in columns.items():
            codes = getattr(self, name)
            if codes.shape != (len(self.item),) or codes.dtype != np.int64:
                raise ValueError("items, raters and values must be three int64 columns of one length")
            if len(codes) and not 0 <= codes.min() <= codes.max() < len(names):
                raise ValueError(f"a code of {name} names nothing: it must lie in 0…{len(names) - 1}")
            if len(set(names)) != len(names):
                raise ValueError(f"two codes of {name} have the same name")
        if len(np.bincount(self.item, minlength=len(self.items)).nonzero()[0]) < len(self.items):
            raise ValueError("an item has no rating; leave it out")
        self._refuse_second_ratings()

    def _refuse_second_ratings(self) -> None:
        keys = np.sort(self.item * len(self.raters) + self.rater)
        twice = np.flatnonzero(keys[1:] == keys[:-1])
        if len(twice):
            item, rater = divmod(int(keys[twice[0]]), len(self.raters))
            raise ValueError(
                f"rater {self.raters[rater]!r} rated item {self.items[item]!r} twice; keep one rating"
            )

    @classmethod
    def of(cls, ratings: Ratings) -> RatingTable:
        """From (item, rater, value) triples; a table is returned as it is."""
        if isinstance(ratings, RatingTable):
            return ratings
        try:
            columns = tuple(zip(*ratings, strict=True)) or ((), (), ())
            item, rater, value = columns
        except (TypeError, ValueError) as error:
            raise ValueError("every rating must be a triple (item, rater, value)") from error
        return cls.from_arrays(item, rater, value)

    @classmethod
    def from_arrays(cls, item: Values, rater: Values, value: Values) -> RatingTable:
        """From three columns of equal length. Numpy columns of numbers or strings are the fast way."""
        (item_codes, items), (rater_codes, raters), (codes, labels) = map(coded, (item, rater, value))
        return cls(item_codes, rater_codes, codes, items, raters, labels)

    def __len__(self) -> int:
        return len(self.item)

    def __iter__(self) -> Iterator[Rating]:
        for item, rater, value in zip(
            self.item.tolist(), self.rater.tolist(), self.value.tolist(), strict=True
        ):
            yield self.items[item], self.raters[rater], self.labels[value]

    @cached_property
    def by_item(self) -> ByItem:
        size = np.bincount(self.item, minlength=len(self.items))
        return ByItem(np.argsort(self.item, kind="stable"), np.cumsum(size) - size, size)

    def numbers(self) -> FloatArray:
        """The labels as numbers; ValueError if one is not a finite number."""
        return as_numbers(self.labels)

    def counts(self) -> IntArray:
        """(items, labels): how many raters gave the item the label."""
        n_items, n_labels = len(self.items), len(self.labels)
        cells = np.bincount(self.item * n_labels + self.value, minlength=n_items * n_labels)
        return cells.reshape(n_items, n_labels)

    def shared(self, first: Hashable, second: Hashable) -> tuple[IntArray, IntArray]:
        """What two raters said, as codes of `labels`, on the items that both rated."""
        if unknown := {first, second} - set(self.raters):
            raise ValueError(f"{', '.join(map(repr, unknown))} rated nothing")
        mine, theirs = (np.flatnonzero(self.rater == self.raters.index(name)) for name in (first, second))
        _, a, b = np.intersect1d(self.item[mine], self.item[theirs], assume_unique=True, return_indices=True)
        return self.value[mine[a]], self.value[theirs[b]]

    def take_items(self, chosen: IntArray) -> RatingTable:
        """The ratings of these items (codes; one chosen twice becomes two items), named (item, place)."""
        order, start, size = self.by_item
        sizes = size[chosen]
        shift = np.repeat(start[chosen] - (np.cumsum(sizes) - sizes), sizes)
        rows = order[shift + np.arange(len(shift))]
        names = tuple((self.items[item], place) for place, item in enumerate(chosen.tolist()))
        item = np.repeat(np.arange(len(chosen)), sizes)
        return RatingTable(item, self.rater[rows], self.value[rows], names, self.raters, self.labels)


Ratings = RatingTable | Sequence[Rating]


def coded(values: Values) -> tuple[IntArray, Labels]:
    """Codes 0…k−1 and the k names they stand for: sorted, or as met where they cannot be compared."""
    if isinstance(values, np.ndarray) and values.dtype.kind != "O":
        names, codes = np.unique(values, return_inverse=True)
        labels: Labels = tuple(names.tolist())
    else:
        codes, labels = _coded_objects(values)
    if any(label is None or label != label for label in labels):  # noqa: PLR0124 — only NaN differs from itself
        raise ValueError("an item, a rater or a value is missing (None or NaN): leave such rows out")
    return codes.astype(np.int64, copy=False), labels


def _coded_objects(values: Values) -> tuple[IntArray, Labels]:
    seen: dict[Hashable, int] = {}
    try:
        met = np.fromiter((seen.setdefault(value, len(seen)) for value in values), np.int64, len(values))
    except TypeError as error:
        raise ValueError("items, raters and values must be hashable") from error
    names = list(seen)
    try:
        order = sorted(range(len(names)), key=names.__getitem__)  # type: ignore[arg-type]
    except TypeError:
        return met, tuple(names)
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return rank[met], tuple(names[code] for code in order)


def as_numbers(labels: Sequence[Any]) -> FloatArray:
    """Labels as floats. Raises ValueError, naming the label, where one is not a finite number."""
    for label in labels:
        if not isinstance(label, Real) or not isfinite(label):
            raise ValueError(f"{label!r} is not a number; only nominal statistics can read such values")
    return np.array([float(label) for label in labels])


def dot(first: FloatArray, second: FloatArray) -> float:
    """The inner product, without BLAS: its threads wait on each other where the cores are busy."""
    return float(np.einsum("i,i->", first, second))


def totals(codes: IntArray, weights: FloatArray, n: int) -> FloatArray:
    """(n,): the sum of the weights of each code."""
    return np.bincount(codes, weights=weights, minlength=n).astype(np.float64, copy=False)
