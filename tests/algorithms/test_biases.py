"""Leanings of preferences against scipy, scikit-learn and simulation."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, entropy, rankdata, spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer

from curation.algorithms.biases import (
    average_ranks,
    disagreement,
    evenness,
    log_ratio_bins,
    majority_error,
    nearest_similarity,
    spearman,
    spearman_interval,
    vote_error,
)

numbers = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30)


def test_it_works() -> None:
    assert spearman([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(0.8)
    found = spearman_interval(0.8, 103)
    half = 1.959964 * sqrt((1 + 0.32) / 100)
    assert (found.low, found.high) == pytest.approx(
        (np.tanh(np.arctanh(0.8) - half), np.tanh(np.arctanh(0.8) + half))
    )


@given(numbers)
def test_spearman_is_scipys(rows: list[tuple[int, int]]) -> None:
    first, second = (list(column) for column in zip(*rows, strict=True))
    assert average_ranks(first) == pytest.approx(rankdata(first))
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert isnan(spearman(first, second))
    else:
        assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_spearman_has_no_interval_of_three_rows() -> None:
    assert isnan(spearman_interval(0.5, 3).low)
    assert isnan(spearman_interval(float("nan"), 10).low)
    assert spearman_interval(1.0, 10).low == 1.0


def test_the_interval_of_spearman_covers() -> None:
    rng = np.random.default_rng(0)
    truth = 6 / np.pi * np.arcsin(0.5 / 2)  # of normal variables with correlation ½
    covered = 0
    for _ in range(400):
        a = rng.normal(size=80)
        b = 0.5 * a + sqrt(0.75) * rng.normal(size=80)
        found = spearman_interval(spearman(a, b), 80)
        covered += found.low <= truth <= found.high
    assert 0.92 < covered / 400 < 0.98


def test_log_ratios_fall_into_bins() -> None:
    first, second = np.array([8, 4, 1, 1000, 1, 0, 5]), np.array([4, 4, 2, 1, 1000, 3, 0])
    counts, without = log_ratio_bins(first, second, np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    assert counts.tolist() == [1, 1, 1, 2]
    assert without == 2


@given(st.floats(0, 0.5))
def test_a_votes_error_is_found_from_how_often_two_disagree(error: float) -> None:
    assert vote_error(2 * error * (1 - error)) == pytest.approx(error, abs=1e-6)


def test_disagreement_that_no_independent_votes_have() -> None:
    assert vote_error(0.7) == 0.5
    assert isnan(vote_error(float("nan")))
    with pytest.raises(ValueError, match="share"):
        vote_error(1.2)


@given(st.integers(0, 50).map(lambda n: n / 100), st.integers(1, 9))
def test_a_majority_errs_as_the_binomial_says(error: float, votes: int) -> None:
    wrong = majority_error(error, votes)
    above, level = binom.sf(votes / 2, votes, error), binom.pmf(votes / 2, votes, error)
    assert wrong == pytest.approx(above + level / 2, abs=1e-9)
    assert wrong <= error + 1e-12


def test_the_error_of_simulated_raters_is_recovered() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.binomial(3, 0.2, size=20_000)
    found = disagreement(3 - wrong, wrong)
    assert found.twosomes == 60_000
    assert vote_error(found.share) == pytest.approx(0.2, abs=0.01)
    assert np.mean(wrong > 1.5) == pytest.approx(majority_error(0.2, 3), abs=0.01)
    with pytest.raises(ValueError, match="no vote"):
        majority_error(0.2, 0)


def test_nobody_to_disagree_with() -> None:
    assert isnan(disagreement(np.array([1, 0]), np.array([0, 1])).share)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_evenness_is_entropy_of_the_most_there_can_be(counts: list[int]) -> None:
    kinds = [n for n in counts if n]
    if len(kinds) < 2:
        assert isnan(evenness(counts))
    else:
        assert evenness(counts) == pytest.approx(entropy(kinds) / np.log(len(kinds)))
        assert 0 <= evenness(counts) <= 1 + 1e-12


words = st.lists(st.sampled_from(["red", "blue", "green", "sky", "sea"]), min_size=1, max_size=6).map(
    " ".join
)


@given(st.lists(words, min_size=1, max_size=6), st.lists(words, min_size=1, max_size=6))
def test_the_nearest_is_scikit_learns(tests: list[str], training: list[str]) -> None:
    known = set(" ".join(training).split())
    assume(all(set(test.split()) <= known for test in tests))
    vectors = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\w+").fit(training)
    theirs = (vectors.transform(tests) @ vectors.transform(training).T).toarray().max(axis=1)
    assert nearest_similarity(tests, training) == pytest.approx(theirs)


def test_strange_words_make_a_text_less_near() -> None:
    same, half, none = nearest_similarity(["red sky", "red stranger", "stranger"], ["red sky", "blue sea"])
    assert same == pytest.approx(1)
    assert 0 < half < 0.9
    assert none == 0


def test_texts_without_words_are_near_to_nothing() -> None:
    assert nearest_similarity(["", "red"], []).tolist() == [0, 0]
    assert nearest_similarity(["", "…"], ["red", ""]).tolist() == [0, 0]
    assert nearest_similarity([], ["red"]).tolist() == []
