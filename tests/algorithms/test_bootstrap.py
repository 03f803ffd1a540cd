from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.agreement import (
    LEVELS,
    Level,
    bootstrap_interval,
    krippendorff_alpha,
    percent_agreement,
)
from annotators.algorithms.ratings import RatingTable
from curation.algorithms.intervals import Interval, accuracy_interval


def campaign(n_items: int, seed: int = 0) -> RatingTable:
    """One to four of six raters an item, right in 70 % of their answers on a scale of five."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(5, size=n_items)
    ratings = [
        (item, int(rater), int(truth[item] if draw.random() < 0.7 else draw.integers(5)))
        for item in range(n_items)
        for rater in draw.choice(6, draw.integers(1, 5), replace=False)
    ]
    return RatingTable.of(ratings)


def slow(statistic: Callable[[RatingTable], float]) -> Callable[[RatingTable], float]:
    """The same statistic, but a stranger to the bootstrap, so that it takes the general way."""

    def unknown(ratings: RatingTable) -> float:
        return statistic(ratings)

    return unknown


STATISTICS = [percent_agreement, *(partial(krippendorff_alpha, level=level) for level in LEVELS)]


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_short_way_draws_from_the_same_distribution(statistic: Callable[[RatingTable], float]) -> None:
    table = campaign(120)
    short = bootstrap_interval(statistic, table, n=4000, seed=1)
    general = bootstrap_interval(slow(statistic), table, n=1500, seed=2)
    # The end of a 95 % interval over 1,500 draws has a standard error of about a tenth of its half width.
    error = (general.high - general.low) / 2 * 0.3
    assert short.low == pytest.approx(general.low, abs=error)
    assert short.high == pytest.approx(general.high, abs=error)
    assert general.low < statistic(table) < general.high


@pytest.mark.parametrize("statistic", STATISTICS)
def test_many_items_with_few_bags_and_few_items_with_many_agree(
    statistic: Callable[[RatingTable], float],
) -> None:
    # 1,000 items of two ratings share 15 bags, so copies are drawn by a multinomial; one by one otherwise.
    draw = np.random.default_rng(3)
    truth = np.repeat(draw.integers(5, size=1000), 2)
    value = np.where(draw.random(2000) < 0.7, truth, draw.integers(5, size=2000))
    table = RatingTable.from_arrays(np.repeat(np.arange(1000), 2), np.tile(np.arange(2), 1000), value)
    short = bootstrap_interval(statistic, table, n=2000)
    general = bootstrap_interval(slow(statistic), table, n=400)
    error = (general.high - general.low) / 2 * 0.4
    assert short.low == pytest.approx(general.low, abs=error)
    assert short.high == pytest.approx(general.high, abs=error)


def test_a_stranger_sees_the_items_it_drew_as_different_ones() -> None:
    table = campaign(30)
    shares = []

    def distinct_items(ratings: RatingTable) -> float:
        shares.append(len({item for item, _, _ in ratings}))
        return float(len(ratings))

    interval = bootstrap_interval(distinct_items, table, n=50)
    assert set(shares) == {30}
    assert interval.low < len(table) < interval.high


def test_the_interval_is_reproducible_and_narrows_with_less_confidence() -> None:
    table = campaign(100)
    first = bootstrap_interval(krippendorff_alpha, table, seed=5)
    assert first == bootstrap_interval(krippendorff_alpha, table, seed=5)
    half = bootstrap_interval(krippendorff_alpha, table, seed=5, confidence=0.5)
    assert first.low < half.low < half.high < first.high


def test_resamples_without_a_value_are_counted_and_left_out() -> None:
    # One odd item of 200: a resample lacks it, and has no alpha, in 37 %.
    ratings = [(item, rater, int(item == 0)) for item in range(200) for rater in (1, 2)]
    interval = bootstrap_interval(krippendorff_alpha, ratings)
    assert 300 < interval.undefined < 440
    assert isnan(interval.low)
    assert isnan(interval.high)
    # With six such items it is 0.2 %, which leaves the tails known.
    ratings = [(item, rater, int(item < 6)) for item in range(200) for rater in (1, 2)]
    interval = bootstrap_interval(krippendorff_alpha, ratings, n=2000)
    assert 0 < interval.undefined < 20
    assert (interval.low, interval.high) == (1, 1)


def test_nothing_to_resample() -> None:
    interval = bootstrap_interval(percent_agreement, [], n=10)
    assert isnan(interval.low)
    assert interval.undefined == 10


def test_bad_requests_are_refused() -> None:
    for options in ({"n": 0}, {"confidence": 1.0}, {"confidence": 0.0}):
        with pytest.raises(ValueError, match=r"resample|confidence"):
            bootstrap_interval(percent_agreement, [(1, 2, 3)], **options)


@pytest.mark.parametrize("level", LEVELS)
def test_the_interval_covers_what_it_should(level: Level) -> None:
    """Alpha of a large population lies in the interval of most samples of it."""
    whole = campaign(20000, seed=11)
    truth = krippendorff_alpha(whole, level)
    draw = np.random.default_rng(12)
    covered = 0
    for _ in range(60):
        sample = whole.take_items(draw.choice(len(whole.items), 150, replace=False))
        interval = bootstrap_interval(partial(krippendorff_alpha, level=level), sample, n=300)
        covered += interval.low <= truth <= interval.high
    assert covered >= 50


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    # Newcombe (1998), table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_published_wilson_intervals(correct: int, total: int, low: float, high: float) -> None:
    interval = accuracy_interval(correct, total)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_a_wilson_interval_holds_its_share_and_mirrors(counts: tuple[int, int]) -> None:
    correct, total = counts
    interval, mirror = accuracy_interval(correct, total), accuracy_interval(total - correct, total)
    assert 0 <= interval.low <= correct / total + 1e-12
    assert correct / total - 1e-12 <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirror.high, abs=1e-12)


def test_no_answers_say_nothing_and_what_is_no_share_is_refused() -> None:
    assert accuracy_interval(0, 0) == Interval(0, 1)
    for correct, total in ((3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="not a share"):
            accuracy_interval(correct, total)
    with pytest.raises(ValueError, match="confidence"):
        accuracy_interval(1, 2, confidence=95)
