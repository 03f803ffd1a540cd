"""The Tülu 3 rule, against sets of n-grams counted one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.decontamination import NgramIndex, overlap_share, tokens

texts = st.lists(st.sampled_from("abc"), max_size=12).map(" ".join)


def counted_one_by_one(test: str, training: str, n: int) -> float:
    test_tokens, training_tokens = tokens(test), tokens(training)
    occurs = {tuple(training_tokens[i : i + n]) for i in range(len(training_tokens) - n + 1)}
    covered = {
        place
        for i in range(len(test_tokens) - n + 1)
        if tuple(test_tokens[i : i + n]) in occurs
        for place in range(i, i + n)
    }
    return len(covered) / len(test_tokens) if test_tokens else 0.0


def test_it_works() -> None:
    # Of "a b c d", the 3-gram "a b c" occurs: 3 of 4 tokens are covered.
    assert overlap_share("a b c d", "x a b c y", n=3) == 0.75
    assert overlap_share("a b c d", "a b x c d", n=3) == 0
    assert overlap_share("a b c a b c", "c a b c", n=3) == 1


def test_by_default_as_in_the_paper() -> None:
    test = "one two three four five six seven eight nine ten"
    assert overlap_share(test, "say one two three four five six seven eight") == 0.8
    assert overlap_share(test, "one two three four five six seven") == 0


@given(texts, texts, st.integers(1, 4))
def test_shares_are_those_counted_one_by_one(test: str, training: str, n: int) -> None:
    assert overlap_share(test, training, n) == counted_one_by_one(test, training, n)


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=8), st.integers(1, 4))
def test_the_index_finds_the_worst_test_of_every_text(tests: list[str], trained: list[str], n: int) -> None:
    found = NgramIndex(tests, n).overlap(trained)
    for training, share, test in zip(trained, found.share.tolist(), found.test.tolist(), strict=True):
        one_by_one = [counted_one_by_one(test, training, n) for test in tests]
        assert share == max(one_by_one, default=0)
        assert (one_by_one[test] == share) if share else test == -1


def test_no_ngram_runs_from_one_text_into_the_next() -> None:
    assert NgramIndex(["a b", "c d"], 3).overlap(["a b c d"]).share.tolist() == [0]
    assert NgramIndex(["a b c"], 3).overlap(["a b", "c a b", "a b c"]).share.tolist() == [0, 0, 1]


@given(st.lists(texts, max_size=5), st.lists(texts, max_size=8), st.integers(1, 4))
def test_the_index_finds_what_is_given_away_of_every_test(
    tests: list[str], trained: list[str], n: int
) -> None:
    found = NgramIndex(tests, n).overlap(trained).of_tests
    assert found.tolist() == [
        max((counted_one_by_one(test, training, n) for training in trained), default=0) for test in tests
    ]


def test_no_ngram_runs_from_one_turn_into_the_next() -> None:
    assert NgramIndex(["a b c"], 3).overlap([["a b", "c"], ["a", "a b c"]]).share.tolist() == [0, 1]
    assert NgramIndex([["a b", "c d e"]], 2).overlap(["b c", ["d", "c d e"]]).share.tolist() == [0, 0.6]
    # A conversation that is copied whole is covered by its turns together.
    assert NgramIndex([["a b", "c d", "e f"]], 2).overlap([["a b", "c d", "e f"]]).share.tolist() == [1]


def test_case_punctuation_and_white_space_do_not_hide_a_copy() -> None:
    assert overlap_share("What is the “Straße”?", "WHAT  is the\nstrasse", n=4) == 1


def test_a_script_without_spaces_is_split_into_characters() -> None:
    assert tokens("日本語 text です") == ["日", "本", "語", "text", "で", "す"]


def test_an_ngram_has_a_token() -> None:
    with pytest.raises(ValueError, match="at least one"):
        NgramIndex([], 0)
