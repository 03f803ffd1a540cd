from __future__ import annotations

import choix
import evalica
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotators.algorithms.convergence import ConvergenceError, minimise
from annotators.algorithms.noisy_bradley_terry import (
    Comparison,
    ComparisonTable,
    Winner,
    loss_and_gradient,
    noisy_bradley_terry,
)
from annotators.algorithms.ratings import FloatArray

LEFT: Winner = "left"
RIGHT: Winner = "right"
TIE: Winner = "tie"


@st.composite
def comparisons(draw: st.DrawFn) -> list[Comparison]:
    pairs = st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda pair: pair[0] != pair[1])
    rows = st.tuples(pairs, st.sampled_from("xyz"), st.sampled_from([LEFT, RIGHT, TIE]))
    return [(*pair, rater, winner) for pair, rater, winner in draw(st.lists(rows, min_size=1, max_size=30))]


def simulated(
    n: int, skill: list[float], left_bias: list[float], n_items: int = 12, seed: int = 0
) -> tuple[ComparisonTable, FloatArray]:
    """n comparisons by raters of the given skill and bias; and the items' true scores."""
    draw = np.random.default_rng(seed)
    scores = draw.normal(0, 1.5, n_items)
    left = draw.integers(n_items, size=n)
    right = (left + draw.integers(1, n_items, size=n)) % n_items
    rater = draw.integers(len(skill), size=n)
    judging, biased = np.array(skill)[rater], np.array(left_bias)[rater]
    p = judging / (1 + np.exp(scores[right] - scores[left])) + (1 - judging) * biased
    return ComparisonTable.from_arrays(left, right, rater, (draw.random(n) < p).astype(float)), scores


@given(comparisons(), st.integers(0, 2**32 - 1))
def test_the_gradient_is_that_of_the_loss(rows: list[Comparison], seed: int) -> None:
    table = ComparisonTable.of(rows)
    at = np.random.default_rng(seed).normal(0, 1.5, len(table.items) + 2 * len(table.raters))
    _, gradient = loss_and_gradient(at, table)
    step = 1e-5
    for place, slope in enumerate(gradient):
        ahead, behind = at.copy(), at.copy()
        ahead[place] += step
        behind[place] -= step
        difference = loss_and_gradient(ahead, table)[0] - loss_and_gradient(behind, table)[0]
        assert slope == pytest.approx(difference / (2 * step), rel=1e-5, abs=1e-5)


@settings(max_examples=20)
@given(comparisons())
def test_long_tables_are_summed_in_parts_that_make_the_whole(rows: list[Comparison]) -> None:
    # 9,000 rows do not fit into one part; each row repeated k times has k times the likelihood.
    table = ComparisonTable.of(rows)
    n_items, n_raters = len(table.items), len(table.raters)
    times = -(-9000 // len(rows))
    at = np.linspace(-1, 1, n_items + 2 * n_raters)
    blank = ComparisonTable(
        table.left[:0], table.right[:0], table.rater[:0], table.left_wins[:0], table.items, table.raters
    )
    prior, once, many = (
        loss_and_gradient(at, part) for part in (blank, table, ComparisonTable.of(rows * times))
    )
    assert many[0] - prior[0] == pytest.approx(times * (once[0] - prior[0]))
    np.testing.assert_allclose(many[1] - prior[1], times * (once[1] - prior[1]), rtol=1e-8, atol=1e-8)


def exact(times: int) -> list[Comparison]:
    """Three raters without fault: wins in just the proportions of strengths 1, 2 and 4."""
    strengths = {"a": 1, "b": 2, "c": 4}
    rows: list[Comparison] = []
    for left, n_left in strengths.items():
        for right, n_right in strengths.items():
            if left != right:
                for rater in ("x", "y", "z"):
                    rows += [(left, right, rater, LEFT)] * (times * n_left)
                    rows += [(left, right, rater, RIGHT)] * (times * n_right)
    return rows


def test_faultless_raters_give_the_scores_of_plain_bradley_terry() -> None:
    rows = exact(200)
    wins = [(left, right) if winner == LEFT else (right, left) for left, right, _, winner in rows]
    result = noisy_bradley_terry(rows)
    plain = choix.ilsr_pairwise(
        3, [("abc".index(str(winner)), "abc".index(str(loser))) for winner, loser in wins]
    )
    np.testing.assert_allclose(plain - plain.mean(), np.log([0.5, 1, 2]), atol=1e-6)
    np.testing.assert_allclose(result.scores, plain - plain.mean(), atol=0.05)
    assert result.skill.min() > 0.95

    left, right, _, winner = zip(*rows, strict=True)
    named = {LEFT: evalica.Winner.X, RIGHT: evalica.Winner.Y}
    scores = np.log(evalica.bradley_terry(left, right, [named[side] for side in winner]).scores)
    np.testing.assert_allclose(result.scores, scores[["a", "b", "c"]] - scores.mean(), atol=0.05)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_with_full_skill_the_loss_is_that_of_plain_bradley_terry(seed: int) -> None:
    """choix's optimum, of uneven data with ties left out, is flat for our scores as well."""
    table, _ = simulated(300, [1.0, 1.0], [0.5, 0.5], n_items=4, seed=seed)
    won = table.left_wins == 1
    pairs = np.stack([np.where(won, table.left, table.right), np.where(won, table.right, table.left)], axis=1)
    plain = choix.opt_pairwise(4, [tuple(pair) for pair in pairs.tolist()], alpha=1e-9)
    plain = plain - plain.mean()
    loss, gradient = loss_and_gradient(np.concatenate([plain, [30.0, 30.0], [0.0, 0.0]]), table)
    likelihood = np.log1p(np.exp(plain[pairs[:, 1]] - plain[pairs[:, 0]])).sum()
    prior = (plain @ plain) / 18 + 2 * (30 - 3) ** 2 / 8
    assert loss == pytest.approx(likelihood + prior)
    np.testing.assert_allclose(gradient[:4], plain / 9, atol=0.02)


def test_it_recovers_scores_skill_and_bias() -> None:
    skill, left_bias = [0.95, 0.8, 0.6, 0.4, 0.2], [0.5, 0.8, 0.2, 0.9, 0.3]
    table, scores = simulated(60000, skill, left_bias)
    result = noisy_bradley_terry(table)
    np.testing.assert_allclose(result.scores, scores - scores.mean(), atol=0.2)
    np.testing.assert_allclose(result.skill, skill, atol=0.05)
    np.testing.assert_allclose(result.left_bias[1:], left_bias[1:], atol=0.08)
    assert result.raters == (0, 1, 2, 3, 4)


def test_a_rater_who_only_clicks_left_moves_no_score() -> None:
    table, _ = simulated(6000, [0.95, 0.95, 0.95], [0.5, 0.5, 0.5])
    names = {1.0: LEFT, 0.0: RIGHT}
    rows: list[Comparison] = [
        (left, right, rater, names[won])
        for left, right, rater, won in zip(
            table.left.tolist(),
            table.right.tolist(),
            table.rater.tolist(),
            table.left_wins.tolist(),
            strict=True,
        )
    ]
    clicks: list[Comparison] = [(0, item, 9, LEFT) for item in range(1, 12)] * 60  # type: ignore[assignment]
    without, result = noisy_bradley_terry(rows), noisy_bradley_terry(rows + clicks)
    assert result.skill[-1] < 0.35
    assert result.left_bias[-1] > 0.9
    np.testing.assert_allclose(result.scores, without.scores, atol=0.15)


@given(comparisons())
def test_swapping_all_sides_mirrors_the_bias_alone(rows: list[Comparison]) -> None:
    mirror: dict[Winner, Winner] = {"left": "right", "right": "left", "tie": "tie"}
    swapped: list[Comparison] = [(right, left, rater, mirror[winner]) for left, right, rater, winner in rows]
    one, two = (noisy_bradley_terry(side, tol=1e-7) for side in (rows, swapped))
    np.testing.assert_allclose(two.scores, one.scores, atol=1e-4)
    np.testing.assert_allclose(two.skill, one.skill, atol=1e-4)
    np.testing.assert_allclose(two.left_bias, 1 - one.left_bias, atol=1e-4)


def test_ties_alone_leave_everything_even() -> None:
    result = noisy_bradley_terry([("a", "b", "x", "tie"), ("b", "c", "y", "tie")])
    np.testing.assert_allclose(result.scores, 0, atol=1e-6)
    np.testing.assert_allclose(result.left_bias, 0.5, atol=1e-6)


def test_bad_comparisons_are_refused() -> None:
    for rows in ([], [("a", "a", "x", LEFT)], [("a", "b", "x", "a")], [("a", "b", "x")]):
        with pytest.raises(ValueError, match=r"no comparisons|with itself|must be \(left"):
            noisy_bradley_terry(rows)  # type: ignore[arg-type]
    a, b = np.array([1]), np.array([2])
    with pytest.raises(ValueError, match="one length"):
        ComparisonTable.from_arrays(a, b, np.array([3, 4]), np.array([1.0]))
    with pytest.raises(ValueError, match="between 0 and 1"):
        ComparisonTable.from_arrays(a, b, a, np.array([2.0]))


def test_too_few_steps_are_an_error() -> None:
    table, _ = simulated(500, [0.9, 0.5], [0.5, 0.8])
    with pytest.raises(ConvergenceError, match="after 3 steps"):
        noisy_bradley_terry(table, n_iter=3)


def test_the_minimum_of_a_narrow_valley() -> None:
    """Rosenbrock's function in ten dimensions: its minimum 0 lies at 1, …, 1."""

    def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
        rise, rest = x[1:] - x[:-1] ** 2, 1 - x[:-1]
        gradient = np.zeros_like(x)
        gradient[:-1] = -400 * x[:-1] * rise - 2 * rest
        gradient[1:] += 200 * rise
        return float(100 * rise @ rise + rest @ rest), gradient

    at, steps = minimise(rosenbrock, np.full(10, -1.2), n_iter=500, tol=1e-8)
    np.testing.assert_allclose(at, 1, atol=1e-7)
    assert steps < 500


def test_a_loss_without_a_minimum_is_an_error() -> None:
    with pytest.raises(ConvergenceError, match="gradient is 1"):
        minimise(lambda x: (float(x.sum()), np.ones_like(x)), np.zeros(3), n_iter=20, tol=1e-6)
    with pytest.raises(ConvergenceError, match="gradient is 1"):  # the gradient points the wrong way
        minimise(lambda x: (float(x @ x), np.where(x > 0, -1.0, 1.0)), np.ones(3), n_iter=20, tol=1e-6)
