from __future__ import annotations

from itertools import combinations
from math import exp, isnan, log, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.reliability import (
    gold_weight,
    three_most_similar,
    three_most_similar_by_item,
    weighted_majority,
)

preferences = st.lists(st.integers(-3, 3), max_size=7)


def test_one_good_rater_outvotes_two_poor_ones() -> None:
    ratings = [("p", "good", "a"), ("p", "poor", "b"), ("p", "poorer", "b"), ("q", "poor", "a")]
    votes = weighted_majority(ratings, {"good": 2.0, "poor": 0.6, "poorer": 0.4})
    assert (votes.items, votes.labels) == (("p", "q"), ("a", "b"))
    np.testing.assert_allclose(votes.posteriors[0], [1 / (1 + exp(-1)), 1 / (1 + exp(1))])
    np.testing.assert_allclose(votes.posteriors[1], [1 / (1 + exp(-0.6)), 1 / (1 + exp(0.6))])


def test_the_posterior_is_that_of_independent_raters_with_known_accuracy() -> None:
    """Bayes by hand, three labels: a rater errs evenly towards the two wrong ones."""
    accuracy = {"x": 0.8, "y": 0.6, "z": 0.5}
    given_votes = {"x": "a", "y": "b", "z": "b"}
    weight = {rater: log(p * 2 / (1 - p)) for rater, p in accuracy.items()}
    # A second item brings the third label into use.
    ratings = [*(("p", rater, vote) for rater, vote in given_votes.items()), ("q", "x", "c")]
    likelihood = {
        true: prod(p if given_votes[r] == true else (1 - p) / 2 for r, p in accuracy.items())
        for true in "abc"
    }
    expected = [likelihood[true] / sum(likelihood.values()) for true in "abc"]
    np.testing.assert_allclose(weighted_majority(ratings, weight).posteriors[0], expected)


def test_equal_weights_are_a_plain_majority_and_huge_ones_do_not_overflow() -> None:
    ratings = [(0, "x", "a"), (0, "y", "a"), (0, "z", "b"), (1, "x", "a"), (1, "y", "b")]
    posteriors = weighted_majority(ratings, dict.fromkeys("xyz", 1000.0)).posteriors
    assert posteriors.tolist() == [[1.0, 0.0], [0.5, 0.5]]
    assert weighted_majority([], {}).posteriors.shape == (0, 0)


def test_a_rater_without_a_usable_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="no weight for rater 'y'"):
        weighted_majority([(0, "y", "a")], {"x": 1.0})
    with pytest.raises(ValueError, match="finite"):
        weighted_majority([(0, "x", "a")], {"x": float("inf")})


def test_gold_weight() -> None:
    assert gold_weight(0, 0) == pytest.approx(log(3))
    assert gold_weight(6, 6) == pytest.approx(log(9))
    assert gold_weight(0, 2) == pytest.approx(0)
    assert gold_weight(0, 10) < 0
    assert gold_weight(5, 10, n_labels=3) == pytest.approx(gold_weight(5, 10) + log(2))
    assert all(gold_weight(n, 20) < gold_weight(n + 1, 20) for n in range(20))
    for correct, total, labels in ((3, 2, 2), (-1, 2, 2), (1, 2, 1)):
        with pytest.raises(ValueError, match="no weight"):
            gold_weight(correct, total, labels)


@pytest.mark.parametrize(
    ("values", "conclusion"),
    [
        ([3, 3, 2], 3),
        ([3, 2, 1], 2),
        ([3, 2, 2, -3], 2),  # the odd one out is left out
        ([3, 2, 1, -1, -3], 2),
        ([3, 1, -1], None),  # the closest three spread over 4
        ([3, -3, 1, 1], 2),  # 1, 1, 3 are 2 apart and their mean is 5/3
        ([1, 1, -1], None),  # the mean, 1/3, rounds to no preference
        ([1, -1, 0], None),
        ([1, 1, 2, 3, 3], 2),  # 1, 1, 2 and 2, 3, 3 are equally close: 4/3 and 8/3
        ([2], 2),
        ([2, 3], 3),  # 2.5, away from zero
        ([-2, -3], -3),
        ([3, 0], None),
        ([0], None),
        ([], None),
    ],
)
def test_the_three_most_similar(values: list[int], conclusion: int | None) -> None:
    assert three_most_similar(values) == conclusion


@given(preferences, st.randoms())
def test_order_is_nothing_and_a_mirrored_scale_mirrors(values: list[int], random: st.Random) -> None:  # type: ignore[name-defined]
    conclusion = three_most_similar(values)
    shuffled = list(values)
    random.shuffle(shuffled)
    assert three_most_similar(shuffled) == conclusion
    assert three_most_similar([-value for value in values]) == (None if conclusion is None else -conclusion)


@given(st.lists(st.integers(-3, 3), min_size=3, max_size=7))
def test_the_conclusion_is_near_a_closest_three(values: list[int]) -> None:
    spread = min(max(three) - min(three) for three in combinations(values, 3))
    means = [sum(three) / 3 for three in combinations(values, 3) if max(three) - min(three) == spread]
    conclusion = three_most_similar(values)
    if spread > 2:
        assert conclusion is None
    else:
        assert min(means) - 0.5 <= (conclusion or 0) <= max(means) + 0.5


@given(st.lists(preferences.filter(bool), min_size=1, max_size=6))
def test_many_items_at_once_give_what_each_gives_alone(items: list[list[int]]) -> None:
    ratings = [
        (item, rater, value) for item, values in enumerate(items) for rater, value in enumerate(values)
    ]
    names, conclusions = three_most_similar_by_item(list(reversed(ratings)))
    assert names == tuple(range(len(items)))
    alone = [three_most_similar(values) for values in items]
    assert [None if isnan(value) else int(value) for value in conclusions] == alone


def test_words_have_no_similarity() -> None:
    with pytest.raises(ValueError, match="not a number"):
        three_most_similar(["left", "right"])  # type: ignore[list-item]
