"""Shares of words in a list, against a slow reference that looks at every run of words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.word_lists import WordList, word_list, words

LIST = word_list("damn\nson of a gun\nof a\nStraße\n畜生\nf_x")
FEW = st.lists(st.sampled_from(["a", "B", "b", "c", "É", "é"]), max_size=8)


def slow_share(listed: WordList, text: str) -> float:
    """A word counts if any run of words around it is a phrase of the list."""
    said = words(text)

    def lies_in_one(place: int) -> bool:
        return any(
            tuple(said[start:end]) in listed.phrases
            for start in range(place + 1)
            for end in range(place + 1, len(said) + 1)
        )

    return sum(map(lies_in_one, range(len(said)))) / len(said) if said else 0.0


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0),
        ("Damn! it", 1 / 2),
        ("damned", 0),
        ("A son of a gun.", 4 / 5),
        ("one of a few", 2 / 4),
        ("SON-OF-A-GUN", 1),
        ("STRASSE", 1),
        ("ｄａｍｎ", 1),  # full-width letters
        ("这个畜生", 2 / 4),
        ("f_x f x", 1 / 3),
        ("damn’s damn", 1 / 2),
    ],
)
def test_it_works(text: str, share: float) -> None:
    assert LIST.share(text) == pytest.approx(share)


@given(phrases=st.lists(FEW.filter(bool), min_size=1, max_size=5), said=FEW)
def test_the_share_is_that_of_the_slow_reference(phrases: list[list[str]], said: list[str]) -> None:
    listed = word_list("\n".join(" ".join(phrase) for phrase in phrases))
    assert listed.share(" ".join(said)) == slow_share(listed, " ".join(said))


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_a_list_read_back_is_the_same_list(lines: list[str]) -> None:
    try:
        listed = word_list("\n".join(lines))
    except ValueError:
        assert not any(words(line) for line in lines)
        return
    assert word_list(listed.text) == listed
    assert word_list(listed.text.upper() if listed.text.isascii() else listed.text).sha256 == listed.sha256


def test_order_and_blank_lines_do_not_make_another_list() -> None:
    assert word_list("b\n\n  A \n!?\n").sha256 == word_list("a\nB").sha256
    assert word_list("a b").sha256 != word_list("a\nb").sha256


def test_apostrophes_do_not_part_words() -> None:
    assert words("It’s the band's ‘hit’") == ["it's", "the", "band's", "hit"]
    assert not re.search(r"[A-Z]", " ".join(words("ÀB C")))
