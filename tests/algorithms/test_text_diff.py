"""What changed between two texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.text_diff import word_diff


def test_it_works() -> None:
    assert word_diff("Be fair and quick.", "Be kind and quick.") == [
        ("same", "Be "),
        ("out", "fair "),
        ("in", "kind "),
        ("same", "and quick."),
    ]
    assert word_diff("the question.", "the question\nin short.") == [
        ("same", "the question\n"),
        ("in", "in short"),
        ("same", "."),
    ]
    assert word_diff("", "New.") == [("in", "New.")]
    assert word_diff("Same.", "Same.") == [("same", "Same.")]


texts = st.text(alphabet="ab,. \n", max_size=60)


@given(texts, texts)
def test_both_texts_can_be_read_back(old: str, new: str) -> None:
    changes = word_diff(old, new)
    assert "".join(text for kind, text in changes if kind != "out") == new
    before = "".join(text for kind, text in changes if kind != "in")
    assert "".join(before.split()) == "".join(old.split())
