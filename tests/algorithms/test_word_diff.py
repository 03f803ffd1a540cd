"""Which words differ, on small texts by hand and on random ones by property."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.word_diff import MAX_WORDS, Piece, word_diff

TEXT = st.text(alphabet="ab, \n", max_size=60)


def test_it_works() -> None:
    left, right = word_diff("The cat sat on the mat.", "The dog sat on the mat!")
    assert left == [
        Piece("The ", shared=True), Piece("cat ", shared=False), Piece("sat on the mat", shared=True),
        Piece(".", shared=False),
    ]  # fmt: skip
    assert [piece.text for piece in right if not piece.shared] == ["dog ", "!"]


@pytest.mark.parametrize(
    ("left", "right", "only_left", "only_right"),
    [
        ("", "", [], []),
        ("", "new", [], ["new"]),
        ("same", "same", [], []),
        ("same  text", "same\ntext", [], []),
        ("a b c", "c b a", ["b ", "c"], ["c ", "b "]),
        ("x = 1", "x = 2", ["1"], ["2"]),
        ("الوسيط هو", "الوسيط هي", ["هو"], ["هي"]),
    ],
)
def test_by_hand(left: str, right: str, only_left: list[str], only_right: list[str]) -> None:
    found = [[p.text for p in side if not p.shared] for side in word_diff(left, right)]
    assert ["".join(words) for words in found] == ["".join(only_left), "".join(only_right)]


@given(TEXT, TEXT)
def test_pieces_are_the_text_and_what_is_shared_is_the_same(left: str, right: str) -> None:
    sides = word_diff(left, right)
    assert ["".join(piece.text for piece in side) for side in sides] == [left, right]
    shared = ["".join("".join(p.text.split()) for p in side if p.shared) for side in sides]
    assert shared[0] == shared[1]


@given(TEXT)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(piece.shared for side in word_diff(text, text) for piece in side)


def test_long_texts_are_refused() -> None:
    word_diff("a " * MAX_WORDS, "b " * MAX_WORDS)
    with pytest.raises(ValueError, match="more than 4,000 words"):
        word_diff("a " * (MAX_WORDS + 1), "b")
