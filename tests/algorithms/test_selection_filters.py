"""Filters that select by rank, chance, length or likeness: what they keep, why, and that nothing is lost."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.filters import (
    Cut,
    around_quantile,
    balance_length,
    cap_per_value,
    drop_top,
    first_of_each,
    overlap_below,
    percentile_band,
    sample_by_entropy,
    score_band,
    values_that_stay,
)
from curation.algorithms.fingerprints import text_key

scores = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=16), max_size=40).map(
    lambda values: np.array(values, dtype=np.float64)
)
numbers = st.lists(st.integers(0, 5), max_size=40).map(lambda values: np.array(values, dtype=np.int64))
percents = st.decimals(0, 100, places=2).map(float)
seeds = st.integers(0, 2**31 - 1)


def adds_up(cut: Cut, n: int) -> bool:
    return len(cut.why) == n and int(cut.keep.sum()) + sum(cut.counts().values()) == n


def test_it_works() -> None:
    score = np.array([3.0, 1.0, np.nan, 2.0])
    cut = score_band(score, 1.5, 2.0, keep_missing=False, name="x")
    assert cut.keep.tolist() == [False, False, False, True]
    assert cut.counts() == {"no x score": 1, "x below 1.5": 1, "x above 2": 1}
    assert cut.borders == (1.5, 2.0)


@given(scores, st.floats(-5, 5), st.floats(-5, 5), st.booleans())
def test_a_band_of_scores(score: np.ndarray, low: float, high: float, keep_missing: bool) -> None:
    cut = score_band(score, low, high, keep_missing=keep_missing, name="x")
    kept = [keep_missing if not np.isfinite(s) else low <= s <= high for s in score]
    assert cut.keep.tolist() == kept
    assert adds_up(cut, len(score))


def test_a_band_may_be_open() -> None:
    assert score_band(np.array([1.0, 9.0]), None, 5, keep_missing=False, name="x").counts() == {
        "x above 5": 1
    }
    assert score_band(np.array([1.0, 9.0]), 5, None, keep_missing=False, name="x").counts() == {
        "x below 5": 1
    }


@given(scores, st.lists(percents, max_size=4).map(sorted), st.booleans())
def test_bands_that_meet_share_no_pair_and_leave_none_out(
    score: np.ndarray, inner: list[float], keep_missing: bool
) -> None:
    ends, pair = [0.0, *inner, 100.0], np.arange(len(score))
    cuts = [
        percentile_band(score, pair, low, high, keep_missing=keep_missing, name="x")
        for low, high in pairwise(ends)
    ]
    kept = np.sum([cut.keep for cut in cuts], axis=0)
    assert (kept == np.where(np.isfinite(score), 1, len(cuts) * keep_missing)).all()
    assert all(adds_up(cut, len(score)) for cut in cuts)


@given(scores, percents)
def test_the_lowest_percentiles_are_those_that_dropping_the_top_leaves(
    score: np.ndarray, percent: float
) -> None:
    """Up to the rounding: both round down what they count."""
    pair = np.arange(len(score))
    lowest = percentile_band(score, pair, 0, percent, keep_missing=False, name="x").keep
    rest = drop_top(score, -pair, 100 - percent, keep_missing=False, name="x").keep
    assert not (lowest & ~rest).any()
    assert (rest & ~lowest).sum() <= 1


def test_the_borders_of_a_band_are_where_others_begin() -> None:
    score, pair = np.arange(10.0), np.arange(10)
    for low, high, borders in ((0, 30, (2.0,)), (70, 100, (7.0,)), (30, 70, (3.0, 6.0)), (0, 100, ())):
        assert percentile_band(score, pair, low, high, keep_missing=False, name="x").borders == borders


@given(scores, st.floats(0, 1), st.integers(1, 45))
def test_a_slice_keeps_its_number(score: np.ndarray, quantile: float, n: int) -> None:
    cut = around_quantile(score, quantile, n, name="x")
    scored = np.isfinite(score)
    assert cut.keep.sum() == min(n, scored.sum())
    assert not (cut.keep & ~scored).any()
    assert adds_up(cut, len(score))


@given(numbers, st.integers(1, 9), seeds)
def test_a_cap_keeps_so_many_of_each_value(value: np.ndarray, limit: int, seed: int) -> None:
    pair = np.arange(100, 100 + len(value))
    cut = cap_per_value(value, pair, limit, seed=seed, what="source")
    for each in range(6):
        assert cut.keep[value == each].sum() == min(limit, (value == each).sum())
    assert adds_up(cut, len(value))
    order = np.random.default_rng(seed).permutation(len(value))
    again = cap_per_value(value[order], pair[order], limit, seed=seed, what="source")
    assert set(pair[order][again.keep]) == set(pair[cut.keep])


def test_a_cap_draws_every_pair_of_a_value_alike() -> None:
    kept = sum(
        cap_per_value(np.zeros(4, dtype=np.int64), np.arange(4), 1, seed=seed, what="x").keep.astype(int)
        for seed in range(2000)
    )
    assert np.all(np.abs(np.asarray(kept) - 500) < 80)  # four standard deviations


@given(numbers, st.lists(st.booleans(), min_size=6, max_size=6))
def test_values_stay_or_go_whole(value: np.ndarray, stays: list[bool]) -> None:
    cut = values_that_stay(value, np.array(stays), [f"value {v}" for v in range(6)])
    assert cut.keep.tolist() == [stays[v] for v in value]
    gone = {v: int((value == v).sum()) for v in range(6) if not stays[v]}
    assert cut.counts() == {f"value {v}": n for v, n in gone.items() if n}
    assert adds_up(cut, len(value))


@given(st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), max_size=20), st.floats(0, 1))
def test_what_was_not_tested_stays(share: list[float], threshold: float) -> None:
    tests = np.arange(len(share)) % 2
    cut = overlap_below(np.array(share), tests, ["of one", "of two"], threshold, 8)
    over = [sum(s > threshold for s in share[first::2]) for first in (0, 1)]
    assert cut.counts() == {
        f"covers over {threshold:g} of an eval prompt of {name} with 8-grams": n
        for name, n in zip(("one", "two"), over, strict=True)
        if n
    }
    assert cut.keep.tolist() == [not s > threshold for s in share]
    assert adds_up(cut, len(share))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=9), percents)
def test_the_fewest_pairs_go_and_the_largest_differences_first(
    lengths: list[tuple[int, int]], percent: float
) -> None:
    chosen = np.array([c for c, _ in lengths], dtype=np.int64)
    rejected = np.array([r for _, r in lengths], dtype=np.int64)
    cut = balance_length(chosen, rejected, np.arange(len(lengths)), percent)
    lead = (chosen - rejected).tolist()

    def balanced(places: tuple[int, ...]) -> bool:
        n_longer = sum(lead[i] > 0 for i in places)
        return bool(n_longer <= Fraction(str(percent)) / 100 * len(places))

    n_kept = int(cut.keep.sum())
    assert balanced(tuple(np.flatnonzero(cut.keep).tolist()))
    # No choice of one pair more would do, and so none of any larger number.
    assert not any(balanced(some) for some in combinations(range(len(lead)), n_kept + 1))
    gone, stayed = [lead[i] for i in np.flatnonzero(~cut.keep)], [lead[i] for i in np.flatnonzero(cut.keep)]
    assert not gone or min(gone) >= max([s for s in stayed if s > 0], default=1)
    assert adds_up(cut, len(lengths))


def test_balance_says_where_it_cut() -> None:
    chosen, rejected = np.array([9, 5, 4, 1]), np.array([1, 1, 2, 2])
    cut = balance_length(chosen, rejected, np.arange(4), 50)
    assert cut.keep.tolist() == [False, False, True, True]
    assert cut.borders == (4.0,)
    assert cut.counts() == {"chosen is longer, in over 50 % of the pairs: largest difference": 2}


@given(
    st.lists(st.sampled_from([0.0, 0.2, 0.5, float(np.log(2))]), max_size=30), percents, st.booleans(), seeds
)
def test_a_sample_is_a_share_or_all_that_have_a_weight(
    entropy: list[float], percent: float, certain: bool, seed: int
) -> None:
    h = np.array(entropy)
    cut = sample_by_entropy(h, np.arange(len(h)), percent, certain=certain, seed=seed)
    n_drawable = len(h) if certain else int((h > 0).sum())
    assert cut.keep.sum() == min(int(Fraction(str(percent)) * len(h) / 100), n_drawable)
    assert adds_up(cut, len(h))


def test_certain_pairs_are_drawn_in_proportion_to_what_is_left_to_one() -> None:
    h = np.array([0.0, 0.5])
    draws = [sample_by_entropy(h, np.arange(2), 50, certain=True, seed=s).keep[0] for s in range(2000)]
    assert abs(sum(draws) - 2000 * 1 / 1.5) < 85  # four standard deviations
    assert sample_by_entropy(h, np.arange(2), 100, certain=False, seed=0).counts() == {"weight 0": 1}


@pytest.mark.parametrize("certain", [True, False])
def test_pairs_without_an_estimate_go_and_count_in_no_percentage(certain: bool) -> None:
    h = np.array([np.nan, 0.2, np.inf, 0.3, 0.4, 0.1])
    cut = sample_by_entropy(h, np.arange(6), 50, certain=certain, seed=1, name="UPO BALD")
    assert cut.counts() == {"no UPO BALD score": 2, "not drawn": 2}
    assert not cut.keep[[0, 2]].any()
    nothing = sample_by_entropy(h[[0, 2]], np.arange(2), 50, certain=certain, seed=1)
    assert nothing.counts() == {"no entropy score": 2}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30))
def test_the_first_of_each_stays(pairs: list[tuple[int, int]]) -> None:
    cut = first_of_each(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T)
    assert cut.keep.tolist() == [pair not in pairs[:i] for i, pair in enumerate(pairs)]
    assert cut.values is not None
    assert cut.values.tolist() == [pairs.count(pair) for pair in pairs]
    assert adds_up(cut, len(pairs))


def test_texts_are_the_same_but_for_case_and_white_space() -> None:
    assert text_key(" Die  Straße\n") == text_key("die STRASSE")
    assert text_key("a b") != text_key("ab")
    assert -(2**63) <= text_key("\ud800") < 2**63
