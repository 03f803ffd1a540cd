from __future__ import annotations

from collections import Counter
from itertools import permutations
from math import isnan, nan
from typing import Any

import evalica
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from annotators.algorithms.agreement import (
    LEVELS,
    Level,
    Weights,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
)
from annotators.algorithms.ratings import RatingTable

Triples = list[tuple[Any, Any, Any]]


def grid(*rows: str) -> Triples:
    """One row of values per observer, one column per unit, a dot where there is none."""
    return [
        (unit, observer, value)
        for observer, row in enumerate(rows)
        for unit, value in enumerate(row.split())
        if value != "."
    ]


def numeric(ratings: Triples) -> Triples:
    return [(item, rater, int(value)) for item, rater, value in ratings]


# Krippendorff (2011), part C: four observers, twelve units, nine values missing.
PUBLISHED = numeric(
    grid(
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
)

campaigns = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 3)), st.integers(-3, 3), min_size=1, max_size=24
).map(lambda cells: [(item, rater, value) for (item, rater), value in cells.items()])
answers = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=30)


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(level: Level, alpha: float) -> None:
    assert krippendorff_alpha(PUBLISHED, level) == pytest.approx(alpha, abs=5e-4)


def test_alpha_of_the_published_examples_with_two_observers() -> None:
    binary = grid("0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")
    nominal = grid("a a b b d c c c e d d a", "b a b b b c c c e d d d")
    assert krippendorff_alpha(binary) == pytest.approx(0.095, abs=5e-4)
    assert krippendorff_alpha(nominal) == pytest.approx(0.692, abs=5e-4)


def test_the_published_kappas() -> None:
    # Fleiss (1971) as tabulated in many textbooks: 10 subjects, 14 raters, 5 categories.
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    assert fleiss_kappa(counts) == pytest.approx(0.210, abs=5e-4)
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: p_o = 0.7, p_e = 0.5.
    first, second = [1] * 25 + [0] * 25, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)


def test_percent_agreement_pools_pairs_of_raters() -> None:
    # Three agreeing pairs of three on item 1, none of one on item 2; item 3 has no pair.
    ratings = [*((1, rater, "a") for rater in "xyz"), (2, "x", "a"), (2, "y", "b"), (3, "x", "a")]
    assert percent_agreement(ratings) == pytest.approx(3 / 4)


def slow_alpha(ratings: Triples, level: Level) -> float:
    """By the definition: the mean distance over pairs within items, against that over all pairs."""
    by_item: dict[Any, list[Any]] = {}
    for item, _, value in ratings:
        by_item.setdefault(item, []).append(value)
    bags = [bag for bag in by_item.values() if len(bag) > 1]
    values = [value for bag in bags for value in bag]
    seen = Counter(values)

    def distance(c: Any, k: Any) -> float:
        if level == "nominal":
            return float(c != k)
        if level == "interval":
            return float((c - k) ** 2)
        between = sum(n for value, n in seen.items() if min(c, k) <= value <= max(c, k))
        return float((between - (seen[c] + seen[k]) / 2) ** 2) if c != k else 0.0

    observed = sum(sum(distance(*pair) for pair in permutations(bag, 2)) / (len(bag) - 1) for bag in bags)
    expected = sum(distance(*pair) for pair in permutations(values, 2)) / max(len(values) - 1, 1)
    return 1 - observed / expected if expected else nan


@given(campaigns, st.sampled_from(LEVELS))
def test_alpha_is_what_its_definition_says(ratings: Triples, level: Level) -> None:
    assert krippendorff_alpha(ratings, level) == pytest.approx(slow_alpha(ratings, level), nan_ok=True)


@given(campaigns, st.sampled_from(LEVELS))
def test_alpha_equals_that_of_evalica(ratings: Triples, level: Level) -> None:
    ours = krippendorff_alpha(ratings, level)
    assume(not isnan(ours))  # evalica calls an undefined alpha 1 or 0
    frame = pd.DataFrame(ratings, columns=["item", "rater", "value"]).pivot(
        index="rater", columns="item", values="value"
    )
    assert ours == pytest.approx(evalica.alpha(frame, distance=level).alpha, abs=1e-9)


@given(answers, st.sampled_from([None, "linear", "quadratic"]))
def test_kappa_equals_that_of_scikit_learn(pairs: list[tuple[int, int]], weights: Weights | None) -> None:
    first, second = (list(side) for side in zip(*pairs, strict=True))
    assume(len({*first, *second}) > 1)
    expected = cohen_kappa_score(first, second, weights=weights)
    assert cohen_kappa(first, second, weights) == pytest.approx(expected, abs=1e-9)
    arrays = np.array(first), np.array(second)
    assert cohen_kappa(*arrays, weights) == pytest.approx(expected, abs=1e-9)


def test_weights_count_places_among_the_values_in_use_not_the_values() -> None:
    first, second = [1, 2, 3, 1], [1, 3, 3, 2]
    spaced = {1: 1, 2: 10, 3: 1000}
    assert cohen_kappa(first, second, "quadratic") == cohen_kappa(
        [spaced[value] for value in first], [spaced[value] for value in second], "quadratic"
    )


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=30), st.sampled_from([None, "linear", "quadratic"]))
def test_kappa_of_identical_answers_is_one(values: list[int], weights: Weights | None) -> None:
    assume(len(set(values)) > 1)
    assert cohen_kappa(values, values, weights) == pytest.approx(1)


@given(campaigns)
def test_nominal_statistics_are_blind_to_names(ratings: Triples) -> None:
    renamed = [(f"item {-item}", "wxyz"[rater], f"value {value**3}") for item, rater, value in ratings]
    renamed.reverse()
    assert krippendorff_alpha(renamed) == pytest.approx(krippendorff_alpha(ratings), nan_ok=True)
    assert percent_agreement(renamed) == pytest.approx(percent_agreement(ratings), nan_ok=True)


@given(campaigns, st.sampled_from(LEVELS))
def test_alpha_is_at_most_one_and_full_agreement_reaches_it(ratings: Triples, level: Level) -> None:
    assert not krippendorff_alpha(ratings, level) > 1
    agreed = [(item, rater, item) for item, rater, _ in ratings]
    alpha = krippendorff_alpha(agreed, level)
    assert isnan(alpha) or alpha == pytest.approx(1)


@given(campaigns)
def test_ordinal_reads_only_order_and_interval_only_differences(ratings: Triples) -> None:
    stretched = [(item, rater, float(value) ** 3) for item, rater, value in ratings]
    moved = [(item, rater, 1e6 - 0.5 * value) for item, rater, value in ratings]
    ordinal, interval = (krippendorff_alpha(ratings, level) for level in ("ordinal", "interval"))
    assert krippendorff_alpha(stretched, "ordinal") == pytest.approx(ordinal, nan_ok=True)
    # Moved by a million, the differences keep ten digits; an α of exactly 0 has no relative tolerance.
    assert krippendorff_alpha(moved, "interval") == pytest.approx(interval, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_alpha_survives_extreme_scales(scale: float) -> None:
    scaled = [(item, rater, value * scale) for item, rater, value in PUBLISHED]
    assert krippendorff_alpha(scaled, "interval") == pytest.approx(0.849, abs=5e-4)


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=12))
def test_fleiss_kappa_approaches_alpha(items: list[list[int]]) -> None:
    # Krippendorff's correction for small samples: alpha = 1 − (1 − kappa)(N − 1)/N over N ratings.
    ratings = [
        (item, rater, value) for item, values in enumerate(items) for rater, value in enumerate(values)
    ]
    kappa = fleiss_kappa(RatingTable.of(ratings))
    n = len(ratings)
    assert krippendorff_alpha(ratings) == pytest.approx(1 - (1 - kappa) * (n - 1) / n, nan_ok=True)


def test_a_table_gives_what_its_triples_give() -> None:
    table = RatingTable.from_arrays(*(np.array(column) for column in zip(*PUBLISHED, strict=True)))
    for level in LEVELS:
        assert krippendorff_alpha(table, level) == krippendorff_alpha(PUBLISHED, level)
    assert percent_agreement(table) == percent_agreement(PUBLISHED)


def test_what_the_data_cannot_define_is_nan() -> None:
    alone = [(1, "x", 1), (2, "y", 2)]
    unanimous = [(1, "x", 1), (1, "y", 1)]
    for level in LEVELS:
        assert isnan(krippendorff_alpha([], level))
        assert isnan(krippendorff_alpha(alone, level))
        assert isnan(krippendorff_alpha(unanimous, level))
    assert isnan(percent_agreement(alone))
    assert percent_agreement(unanimous) == 1
    assert isnan(cohen_kappa([], []))
    assert isnan(cohen_kappa([1, 1], [1, 1]))
    assert isnan(fleiss_kappa([[3, 0], [3, 0]]))
    assert isnan(fleiss_kappa([[1, 0], [0, 1]]))
    assert isnan(fleiss_kappa(np.empty((0, 3))))


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="same items"):
        cohen_kappa([1, 2], [1])
    with pytest.raises(ValueError, match="linear or quadratic"):
        cohen_kappa([1], [1], "cubic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'left' is not a number"):
        cohen_kappa(["left", "tie"], ["tie", "left"], "linear")
    with pytest.raises(ValueError, match="number of ratings"):
        fleiss_kappa([[2, 1], [2, 2]])
    for counts in ([[1.5, 0.5]], [[-1, 3]], [1, 2]):
        with pytest.raises(ValueError, match="whole counts"):
            fleiss_kappa(counts)
    with pytest.raises(ValueError, match="'a' is not a number"):
        krippendorff_alpha([(1, "x", "a")], "ordinal")
    with pytest.raises(ValueError, match="nominal, ordinal, interval"):
        krippendorff_alpha([(1, "x", 1)], "ratio")  # type: ignore[arg-type]
