"""The linear probe against scikit-learn, and what must hold of any probe."""

from __future__ import annotations

import gzip
import json
from math import isnan

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from config.settings.env import BASE_DIR
from curation.algorithms.bootstrap import group_interval, weighted_mean
from curation.algorithms.ranking import Ranked, auc
from curation.algorithms.separability import ProbeError, fit_logistic, group_folds, probe, standardised
from curation.algorithms.text_features import Words, damped, surface_features

ALPACA = BASE_DIR.parent / "shared" / "data" / "alpaca_eval" / "responses"
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

scored = st.lists(
    st.tuples(st.integers(-5, 5), st.booleans(), st.integers(0, 3)), min_size=1, max_size=60
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def made(n: int = 400, features: int = 5, seed: int = 0) -> tuple[FloatArray, BoolArray]:
    """Rows whose label depends on the first two of the features, with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features))
    return x, 2 * x[:, 0] - x[:, 1] + rng.logistic(size=n) > 0.5


def test_it_works() -> None:
    x, positive = made()
    found = probe(x, positive, np.arange(len(x)) // 2)
    assert (found.n, found.n_positive, found.n_groups) == (400, positive.sum(), 200)
    assert 0.8 < found.auc < 0.95
    assert found.auc_interval.low < found.auc < found.auc_interval.high
    assert found.accuracy_interval.low < found.accuracy < found.accuracy_interval.high
    assert list(np.argsort(-np.abs(found.fit.weights))[:2]) == [0, 1]


@pytest.mark.parametrize("l2", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("sparse", [False, True])
def test_the_fit_is_scikit_learns(l2: float, sparse: bool) -> None:
    x, positive = made(features=12)
    x = np.where(np.abs(x) > 0.7, x, 0.0)
    found = fit_logistic(csr_array(x) if sparse else x, positive, l2)
    theirs = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=1000).fit(x, positive)
    assert found.weights == pytest.approx(theirs.coef_[0], abs=1e-4)
    assert found.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_separable_rows_have_a_fit_too() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]]) * 1e3
    positive = np.array([False, False, True, True])
    found = fit_logistic(x, positive, 1e-3)
    assert list(found.scores(x) > 0) == [False, False, True, True]


def test_one_set_only_is_refused() -> None:
    x, _ = made()
    with pytest.raises(ProbeError, match="one of the two sets"):
        fit_logistic(x, np.ones(len(x), dtype=np.bool_))
    with pytest.raises(ValueError, match="above 0"):
        fit_logistic(*made(), l2=0)


@given(scored)
def test_auc_is_scikit_learns(rows: tuple[npt.NDArray[np.int64], BoolArray, npt.NDArray[np.int64]]) -> None:
    scores, positive, weight = rows
    if positive.all() or not positive.any():
        assert isnan(auc(scores, positive))
        return
    assert 0 <= auc(scores, positive) <= 1
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    repeated = np.repeat(np.arange(len(scores)), weight)
    weighted = Ranked(scores, positive).auc(weight.astype(np.float64))
    again = auc(scores[repeated], positive[repeated])
    assert isnan(weighted) if isnan(again) else weighted == pytest.approx(again)


@given(scored)
def test_auc_turns_over_with_the_labels(
    rows: tuple[npt.NDArray[np.int64], BoolArray, npt.NDArray[np.int64]],
) -> None:
    scores, positive, strata = rows
    ahead, behind = (Ranked(scores, labels, strata).auc() for labels in (positive, ~positive))
    assert isnan(behind) if isnan(ahead) else ahead + behind == pytest.approx(1)


def test_only_rows_of_one_stratum_are_compared() -> None:
    scores, positive = [1, 2, 11, 12], [False, True, True, False]
    assert auc(scores, positive) == 0.5
    ranked = Ranked(scores, positive, [0, 0, 1, 1])
    assert ranked.auc() == 0.5  # one right, one wrong
    assert ranked.auc(np.array([1.0, 1.0, 0.0, 0.0])) == 1.0
    assert isnan(Ranked(scores, positive, [0, 1, 2, 3]).auc())


def test_a_score_that_is_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="no rank"):
        auc([1.0, float("nan")], [True, False])
    with pytest.raises(ValueError, match="one length"):
        auc([1.0], [True, False])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200), st.integers(2, 5), st.integers(0, 3))
def test_groups_stay_whole_and_folds_are_alike(names: list[int], k: int, seed: int) -> None:
    groups = np.array(names)
    n_groups, largest = len(set(names)), max(names.count(name) for name in set(names))
    if n_groups < k:
        with pytest.raises(ProbeError, match=f"at least {k} prompts"):
            group_folds(groups, k, seed)
        return
    fold = group_folds(groups, k, seed)
    assert all(len(set(fold[groups == name].tolist())) == 1 for name in set(names))
    sizes = np.bincount(fold, minlength=k)
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= largest


def test_prompts_cannot_leak_between_folds() -> None:
    """Each prompt has its own feature, which tells its label: of no use for prompts not seen."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(100), 4)
    x = np.eye(100)[group]
    positive = np.repeat(rng.random(100) > 0.5, 4)
    assert auc(fit_logistic(x, positive).scores(x), positive) == 1.0
    found = probe(x, positive, group)
    assert found.auc == pytest.approx(0.5)
    assert found.accuracy <= found.baseline


@given(st.integers(0, 20))
def test_shuffled_labels_cannot_be_told_apart(seed: int) -> None:
    x, positive = made(n=1000, features=3, seed=seed)
    shuffled = np.random.default_rng(seed).permutation(positive)
    assert probe(x, shuffled, np.arange(1000)).auc == pytest.approx(0.5, abs=0.09)


@given(st.floats(-1e6, 1e6))
def test_a_constant_feature_changes_nothing(constant: float) -> None:
    x, positive = made(n=60)
    groups = np.arange(60)
    more = np.column_stack([x, np.full(60, constant)])
    before, after = (probe(standardised(columns), positive, groups) for columns in (x, more))
    assert after.auc == before.auc
    assert after.fit.weights == pytest.approx([*before.fit.weights, 0.0], abs=1e-6)


def test_intervals_resample_groups_not_rows() -> None:
    values = np.repeat(np.random.default_rng(0).normal(size=50), 20)
    alone = group_interval(lambda weight: weighted_mean(values, weight), np.arange(1000), n=1000)
    whole = group_interval(lambda weight: weighted_mean(values, weight), np.repeat(np.arange(50), 20), n=1000)
    ratio = (whole.high - whole.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(20**0.5, rel=0.15)


def test_an_interval_of_nothing_is_unknown() -> None:
    assert isnan(group_interval(lambda _weight: 1.0, np.zeros(0, dtype=np.int64)).low)
    never = group_interval(lambda _weight: float("nan"), np.arange(3), n=10)
    assert isnan(never.low)
    assert never.undefined == 10


def answers(model: str) -> dict[str, str]:
    path = ALPACA / f"{model}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no AlpacaEval data at {path}")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["prompt_id"]: row["response"] for row in map(json.loads, lines)}


def word_and_surface_auc(first: dict[str, str], second: dict[str, str]) -> tuple[float, float]:
    words, surface = Words(), []
    for text in (*first.values(), *second.values()):
        words.add(text)
        surface.append(surface_features(text))
    positive = np.arange(len(surface)) < len(first)
    prompt = np.unique([*first, *second], return_inverse=True)[1]
    x = standardised(damped(np.array(surface)))
    return probe(words.terms().matrix, positive, prompt, l2=0.3).auc, probe(x, positive, prompt).auc


def test_two_models_are_separable_and_one_model_from_itself_is_not() -> None:
    alpaca = answers("alpaca-7b")
    half = set(np.random.default_rng(0).permutation(list(alpaca))[::2].tolist())
    apart = word_and_surface_auc(answers("gpt4_1106_preview"), answers("falcon-7b-instruct"))
    itself = word_and_surface_auc(
        {prompt: text for prompt, text in alpaca.items() if prompt in half},
        {prompt: text for prompt, text in alpaca.items() if prompt not in half},
    )
    assert min(apart) > 0.9
    assert itself == pytest.approx((0.5, 0.5), abs=0.06)
