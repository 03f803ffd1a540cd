from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.ratings import RatingTable, coded

triples = st.dictionaries(
    st.tuples(st.integers(0, 6), st.sampled_from("xyz")), st.integers(-3, 3), min_size=1, max_size=20
).map(lambda cells: [(item, rater, value) for (item, rater), value in cells.items()])


def test_it_works() -> None:
    table = RatingTable.of([("p2", "anna", "b"), ("p1", "anna", "a"), ("p1", "bert", "b")])
    assert (table.items, table.raters, table.labels) == (("p1", "p2"), ("anna", "bert"), ("a", "b"))
    assert table.item.tolist() == [1, 0, 0]
    assert table.counts().tolist() == [[1, 1], [0, 1]]
    assert len(table) == 3


@given(triples)
def test_a_table_iterates_as_the_ratings_it_was_made_of(ratings: list[tuple[int, str, int]]) -> None:
    assert list(RatingTable.of(ratings)) == ratings
    item, rater, value = (np.array(column) for column in zip(*ratings, strict=True))
    assert list(RatingTable.from_arrays(item, rater, value)) == ratings


def test_values_that_cannot_be_compared_keep_the_order_they_came_in() -> None:
    assert coded(["b", 1, "b", "a"])[1] == ("b", 1, "a")


def test_a_second_rating_by_one_rater_is_refused() -> None:
    with pytest.raises(ValueError, match="rater 'anna' rated item 7 twice"):
        RatingTable.of([(7, "anna", "a"), (8, "anna", "a"), (7, "anna", "b")])


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_value_is_refused(missing: float | None) -> None:
    with pytest.raises(ValueError, match="missing"):
        RatingTable.of([(1, "anna", missing)])
    with pytest.raises(ValueError, match="missing"):
        RatingTable.from_arrays(np.array([1.0]), np.array([2]), np.array([missing], dtype=np.float64))


@pytest.mark.parametrize("bad", [[(1, "anna")], [(1, "anna", "a", 4)], [7], [(1, "anna", ["a"])]])
def test_what_is_no_rating_is_refused(bad: list[tuple[object, ...]]) -> None:
    with pytest.raises(ValueError, match=r"triple|hashable"):
        RatingTable.of(bad)  # type: ignore[arg-type]


def test_codes_that_name_nothing_are_refused() -> None:
    codes = np.array([0, 1])
    with pytest.raises(ValueError, match="one length"):
        RatingTable(codes, codes, np.array([0]), (1, 2), (1, 2), (1, 2))
    with pytest.raises(ValueError, match="int64"):
        RatingTable(codes, codes, codes.astype(np.int32), (1, 2), (1, 2), (1, 2))
    with pytest.raises(ValueError, match="code of value names nothing"):
        RatingTable(codes, codes, codes, (1, 2), (1, 2), (1,))
    with pytest.raises(ValueError, match="same name"):
        RatingTable(codes, codes, codes, (1, 1), (1, 2), (1, 2))
    with pytest.raises(ValueError, match="no rating"):
        RatingTable(codes, codes, codes, (1, 2, 3), (1, 2), (1, 2))


def test_two_raters_share_the_items_that_both_rated() -> None:
    table = RatingTable.of([(3, "x", "a"), (1, "x", "b"), (2, "y", "b"), (3, "y", "b"), (1, "y", "a")])
    first, second = table.shared("x", "y")
    assert [(table.labels[a], table.labels[b]) for a, b in zip(first, second, strict=True)] == [
        ("b", "a"),
        ("a", "b"),
    ]
    with pytest.raises(ValueError, match="'zoe' rated nothing"):
        table.shared("x", "zoe")


def test_an_item_taken_twice_is_two_items() -> None:
    table = RatingTable.of([(1, "x", "a"), (2, "x", "b"), (1, "y", "b")])
    assert list(table.take_items(np.array([1, 0, 0]))) == [
        ((2, 0), "x", "b"),
        ((1, 1), "x", "a"),
        ((1, 1), "y", "b"),
        ((1, 2), "x", "a"),
        ((1, 2), "y", "b"),
    ]


def test_only_finite_numbers_are_numbers() -> None:
    assert RatingTable.of([(1, "x", 2), (1, "y", -1.5)]).numbers().tolist() == [-1.5, 2.0]
    for bad in ("3", float("inf")):
        with pytest.raises(ValueError, match="not a number"):
            RatingTable.of([(1, "x", bad)]).numbers()


def test_the_algorithms_need_no_django() -> None:
    code = (
        "import sys, annotators.algorithms.agreement, annotators.algorithms.reliability, "
        "annotators.algorithms.assignment; sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
