from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotators.algorithms.ratings import RatingTable
from annotators.algorithms.reliability import ConvergenceError, DawidSkene, dawid_skene

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "dawid_skene_crowd_kit.json").read_text())

campaigns = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 3)), st.sampled_from("ab="), min_size=1, max_size=24
).map(lambda cells: [(item, rater, value) for (item, rater), value in cells.items()])


def simulated(n_items: int, confusion: np.ndarray, seed: int = 0) -> tuple[RatingTable, np.ndarray]:
    """Three raters an item, of raters with the given confusion (raters, true, given); and the truth."""
    draw = np.random.default_rng(seed)
    n_raters, n_labels, _ = confusion.shape
    truth = draw.integers(n_labels, size=n_items)
    rater = np.argsort(draw.random((n_items, n_raters)), axis=1)[:, :3].ravel()
    item = np.repeat(np.arange(n_items), 3)
    edges = np.cumsum(confusion, axis=2)[rater, truth[item]]
    value = (draw.random((len(item), 1)) > edges).sum(axis=1)
    return RatingTable.from_arrays(item, rater, value), truth


def test_it_equals_crowd_kit() -> None:
    """Both at the fixed point; tests/data holds what crowd-kit found, and how it was run."""
    result = dawid_skene([tuple(row) for row in GOLDEN["ratings"]], n_iter=5000, tol=1e-14)
    assert result.labels == tuple(GOLDEN["labels"])
    assert result.items == tuple(GOLDEN["posteriors"])
    assert result.raters == tuple(GOLDEN["confusion"])
    np.testing.assert_allclose(result.posteriors, list(GOLDEN["posteriors"].values()), atol=1e-4)
    np.testing.assert_allclose(result.priors, GOLDEN["priors"], atol=1e-5)
    np.testing.assert_allclose(result.confusion, list(GOLDEN["confusion"].values()), atol=1e-4)


def one_round(ratings: list[tuple[Any, Any, Any]], shares: dict[Any, dict[Any, float]]) -> dict[Any, Any]:
    """The posteriors after one more round of EM, spelled out with dictionaries."""
    labels = sorted({value for _, _, value in ratings})
    prior = {c: sum(share[c] for share in shares.values()) / len(shares) for c in labels}

    def given_truth(rater: Any, true: Any, given: Any) -> float:
        mass = {
            k: max(1e-10, sum(shares[i][true] for i, r, v in ratings if (r, v) == (rater, k))) for k in labels
        }
        return float(mass[given] / sum(mass.values()))

    posteriors = {}
    for item in shares:
        joint = {
            c: max(prior[c], 1e-10) * prod(given_truth(r, c, v) for i, r, v in ratings if i == item)
            for c in labels
        }
        posteriors[item] = {c: joint[c] / sum(joint.values()) for c in labels}
    return posteriors


@settings(max_examples=40)
@given(campaigns)
def test_a_converged_result_is_a_fixed_point_of_em(ratings: list[tuple[int, int, str]]) -> None:
    result = dawid_skene(ratings, n_iter=20000, tol=1e-12)
    shares: dict[Any, dict[Any, float]] = {
        item: dict(zip(result.labels, row, strict=True))
        for item, row in zip(result.items, result.posteriors.tolist(), strict=True)
    }
    again = one_round(ratings, shares)
    for item, row in shares.items():
        assert again[item] == pytest.approx(row, abs=1e-3)


def test_it_recovers_what_made_the_ratings() -> None:
    keen = [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.05, 0.05, 0.9]]
    hasty = [[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.25, 0.25, 0.5]]
    confused = [[0.2, 0.7, 0.1], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]  # takes left for right
    confusion = np.array([keen, keen, keen, hasty, hasty, confused])
    table, truth = simulated(12000, confusion)
    result = dawid_skene(table)
    np.testing.assert_allclose(result.confusion, confusion, atol=0.05)
    np.testing.assert_allclose(result.priors, 1 / 3, atol=0.02)
    np.testing.assert_allclose(result.accuracy, confusion.diagonal(axis1=1, axis2=2).mean(axis=1), atol=0.02)
    found = (result.posteriors.argmax(axis=1) == truth).mean()
    voted = (table.counts().argmax(axis=1) == truth).mean()
    assert found > voted + 0.03
    assert result.converged
    assert 1 < result.n_iter <= 100


@given(campaigns)
def test_probabilities_are_probabilities(ratings: list[tuple[int, int, str]]) -> None:
    result = dawid_skene(ratings, n_iter=2000)
    np.testing.assert_allclose(result.posteriors.sum(axis=1), 1)
    np.testing.assert_allclose(result.confusion.sum(axis=2), 1)
    np.testing.assert_allclose(result.priors.sum(), 1)
    assert np.all((result.accuracy >= 0) & (result.accuracy <= 1))


@given(campaigns)
def test_names_and_order_change_nothing(ratings: list[tuple[int, int, str]]) -> None:
    other = {"a": "z", "b": "y", "=": "x"}
    renamed = [(-item, f"rater {-rater}", other[value]) for item, rater, value in reversed(ratings)]
    one, two = (dawid_skene(rows, n_iter=5000, tol=1e-7) for rows in (ratings, renamed))

    def by_name(result: DawidSkene) -> dict[Any, dict[Any, float]]:
        rows = zip(result.items, result.posteriors.tolist(), strict=True)
        return {item: dict(zip(result.labels, row, strict=True)) for item, row in rows}

    mirrored = by_name(two)
    for item, row in by_name(one).items():
        assert {other[c]: p for c, p in row.items()} == pytest.approx(mirrored[-item], abs=1e-3)


def test_one_answer_is_taken_at_its_word() -> None:
    result = dawid_skene([("p", "anna", "a")])
    assert result.posteriors.tolist() == [[1.0]]
    assert result.accuracy.tolist() == [1.0]


def test_rounds_that_do_not_settle_are_an_error() -> None:
    table, _ = simulated(200, np.full((4, 2, 2), 0.5), seed=3)
    with pytest.raises(ConvergenceError, match="within 2 rounds"):
        dawid_skene(table, n_iter=2)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one rating"):
        dawid_skene([])
    with pytest.raises(ValueError, match="one round"):
        dawid_skene([(1, 2, 3)], n_iter=0)
