"""Slices, samples and curricula."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.selection import (
    easy_pairs,
    global_blocks,
    own_draws,
    prompt_blocks,
    quantile_slice,
    weighted_sample,
)

scores = st.lists(st.integers(-3, 3).map(float), max_size=20)
weights = st.lists(st.integers(0, 4).map(float), max_size=20)


def reference_slice(order: list[int], quantile: float, n: int) -> list[int]:
    """As the released code slices (`__quantile_slice`)."""
    index = round(quantile * (len(order) - 1))
    start = max(0, index - n // 2)
    end = start + n
    if end > len(order):
        start, end = max(0, start - (end - len(order))), len(order)
    return order[start:end]


def test_it_works() -> None:
    score = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert quantile_slice(score, 0, 2).tolist() == [1, 3]
    assert quantile_slice(score, 1, 2).tolist() == [2, 0]
    assert quantile_slice(score, 0.5, 3).tolist() == [3, 4, 2]


@given(scores, st.floats(0, 1), st.integers(0, 25))
def test_slices_are_those_of_the_released_code(score: list[float], quantile: float, n: int) -> None:
    order = sorted(range(len(score)), key=score.__getitem__)
    assert quantile_slice(score, quantile, n).tolist() == reference_slice(order, quantile, n)


def test_a_pair_without_a_score_is_in_no_slice() -> None:
    assert quantile_slice([2.0, np.nan, 1.0, np.inf], 0, 9).tolist() == [2, 0]


def test_draws_are_uniform_and_each_ids_own() -> None:
    draws = own_draws(np.arange(50_000), 7)
    assert 0 < draws.min() < draws.max() < 1
    counts, _ = np.histogram(draws, bins=20, range=(0, 1))
    assert ((counts - 2500) ** 2 / 2500).sum() < 43.8  # χ² of 19 degrees of freedom, p = 0.001
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(draws, own_draws(np.arange(50_000), 8))[0, 1]) < 0.02
    np.testing.assert_array_equal(own_draws([40_000, 3], 7), draws[[40_000, 3]])


@given(weights, st.integers(0, 25), st.integers(0, 2**31))
def test_a_sample_repeats_nothing_and_takes_no_zero(weight: list[float], size: int, seed: int) -> None:
    drawn = weighted_sample(weight, size, seed=seed).tolist()
    positive = {place for place, w in enumerate(weight) if w > 0}
    assert len(set(drawn)) == len(drawn) == min(size, len(positive))
    assert set(drawn) <= positive
    assert drawn == weighted_sample(weight, size, seed=seed).tolist()
    assert drawn == weighted_sample(weight, len(weight), seed=seed).tolist()[:size]


def test_samples_come_as_often_as_by_drawing_one_after_another() -> None:
    weight, n = np.array([1.0, 2.0, 3.0, 6.0]), 20_000
    ids = np.arange(4)
    draws = [tuple(weighted_sample(weight, 2, seed=seed, ids=ids).tolist()) for seed in range(n)]
    for first, second in permutations(range(4), 2):
        p = weight[first] / weight.sum() * weight[second] / (weight.sum() - weight[first])
        assert abs(draws.count((first, second)) - n * p) < 4 * np.sqrt(n * p * (1 - p))


def test_a_choice_stays_when_pairs_are_added() -> None:
    few = weighted_sample(np.ones(5), 5, seed=1, ids=[3, 5, 8, 13, 21])
    many = weighted_sample(np.ones(7), 7, seed=1, ids=[3, 4, 5, 8, 13, 21, 34])
    of = np.array([3, 4, 5, 8, 13, 21, 34])[many]
    assert [i for i in of.tolist() if i not in {4, 34}] == np.array([3, 5, 8, 13, 21])[few].tolist()


@pytest.mark.parametrize("weight", [[-1.0], [np.nan], [np.inf]])
def test_weights_that_are_no_weights_are_refused(weight: list[float]) -> None:
    with pytest.raises(ValueError, match="finite weights"):
        weighted_sample(weight, 1, seed=0)


def test_prompt_blocks_take_the_easiest_pair_of_every_prompt_first() -> None:
    prompt = [7, 7, 7, 2, 2, 9]
    gap = [1.0, 3.0, 2.0, 5.0, 5.0, 0.0]
    assert prompt_blocks(prompt, gap).tolist() == [2, 0, 1, 0, 1, 0]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3).map(float)), max_size=25))
def test_prompt_blocks_are_ranks_within_a_prompt(pairs: list[tuple[int, float]]) -> None:
    blocks = prompt_blocks([prompt for prompt, _ in pairs], [gap for _, gap in pairs]).tolist()
    for i, (prompt, gap) in enumerate(pairs):
        easier = [
            j for j, (other, g) in enumerate(pairs) if other == prompt and (g > gap or (g == gap and j < i))
        ]
        assert blocks[i] == len(easier)


@given(scores, st.integers(1, 6))
def test_global_blocks_are_equal_and_fall(gap: list[float], n_blocks: int) -> None:
    blocks = global_blocks(gap, n_blocks)
    sizes = np.bincount(blocks, minlength=n_blocks)
    assert sizes.max() - sizes.min() <= 1
    assert (np.diff(sizes) <= 0).all()
    for block in range(n_blocks - 1):
        before, after = np.array(gap)[blocks == block], np.array(gap)[blocks == block + 1]
        assert not len(after) or before.min() >= after.max()


def test_easy_pairs_reach_the_percentile_of_the_gap_without_its_sign() -> None:
    easy, gamma = easy_pairs([-4.0, 1.0, 2.0, 3.0, 0.0], 50)
    assert (easy.tolist(), gamma) == ([True, False, True, True, False], 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda: quantile_slice([1.0], 1.1, 1),
        lambda: quantile_slice([1.0], 1, -1),
        lambda: weighted_sample([1.0], -1, seed=0),
        lambda: global_blocks([1.0], 0),
        lambda: prompt_blocks([1], [np.nan]),
        lambda: easy_pairs([1.0], 101),
        lambda: easy_pairs([], 50),
    ],
)
def test_what_makes_no_sense_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=r"slice|sample|curriculum|gap|percentile"):
        call()
