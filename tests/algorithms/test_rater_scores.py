"""Scores of pairs from judgments, against counting by hand and plain loops."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms import rater_scores
from curation.algorithms.consensus import BOTH_BAD, SKIP, VOTE, Ballots, voters
from curation.algorithms.rater_scores import (
    PairValues,
    disagreement,
    entropy_of_mean,
    mean_entropy,
    self_sure,
    transitivity,
    unanimity,
)

LN2 = log(2)
# pair, rater, left is a, kind, P(left better)
Row = tuple[int, int, bool, int, float]

rows = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 4),
        st.booleans(),
        st.sampled_from([VOTE, VOTE, VOTE, BOTH_BAD, SKIP]),
        st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    ),
    max_size=30,
)


def ballots(*given_rows: Row) -> Ballots:
    pair, rater, left_is_a, kind, p = (np.array(column) for column in zip(*given_rows, strict=True))
    return Ballots(
        pair=pair,
        rater=rater,
        is_judge=np.ones(len(pair), dtype=np.bool_),
        left_is_a=left_is_a.astype(np.bool_),
        kind=kind,
        lean=np.where(kind == VOTE, 2 * p - 1, 0.0),
        preference=np.zeros(len(pair), dtype=np.int64),
    )


def entropy(p: float) -> float:
    return -sum(x * log(x) for x in (p, 1 - p) if x > 0)


def everyone(found: Ballots) -> tuple[object, np.ndarray]:
    of = voters(found)
    return of, np.ones(len(of.rater), dtype=np.bool_)


def as_dict(found: PairValues) -> dict[int, float]:
    assert list(found.pair) == sorted(set(found.pair.tolist()))
    return dict(zip(found.pair.tolist(), found.value.tolist(), strict=True))


def test_it_works() -> None:
    found = voters(
        ballots(
            (7, 1, True, VOTE, 1.0), (7, 2, True, VOTE, 0.0),  # sure of opposite sides
            (8, 1, True, VOTE, 0.5), (8, 2, False, VOTE, 0.5),  # both toss a coin
            (9, 1, True, VOTE, 0.9),
        )
    )  # fmt: skip
    all_of = np.ones(len(found.rater), dtype=np.bool_)
    assert as_dict(mean_entropy(found, all_of)) == pytest.approx({7: 0, 8: LN2, 9: entropy(0.9)})
    assert as_dict(entropy_of_mean(found, all_of)) == pytest.approx({7: LN2, 8: LN2, 9: entropy(0.9)})
    assert as_dict(disagreement(found, all_of)) == pytest.approx({7: LN2, 8: 0}, abs=1e-12)


@given(rows)
def test_entropies_are_those_of_a_plain_loop(given_rows: list[Row]) -> None:
    if not given_rows:
        return
    by_pair: dict[int, list[float]] = {}
    for pair, rater in sorted({row[:2] for row in given_rows}):
        orders = []
        for left in (True, False):
            said = [
                row[4] if left else 1 - row[4] for row in given_rows if row[:4] == (pair, rater, left, VOTE)
            ]
            orders += [sum(said) / len(said)] if said else []
        if orders:
            by_pair.setdefault(pair, []).append(sum(orders) / len(orders))
    found, all_of = everyone(ballots(*given_rows))
    means = {pair: sum(map(entropy, ps)) / len(ps) for pair, ps in by_pair.items()}
    of_mean = {pair: entropy(sum(ps) / len(ps)) for pair, ps in by_pair.items()}
    assert as_dict(mean_entropy(found, all_of)) == pytest.approx(means, abs=1e-9)  # type: ignore[arg-type]
    assert as_dict(entropy_of_mean(found, all_of)) == pytest.approx(of_mean, abs=1e-9)  # type: ignore[arg-type]
    several = {pair: of_mean[pair] - means[pair] for pair, ps in by_pair.items() if len(ps) > 1}
    assert as_dict(disagreement(found, all_of)) == pytest.approx(several, abs=1e-9)  # type: ignore[arg-type]


def test_a_verdict_in_one_order_tells_nothing_of_certainty() -> None:
    given_rows = ballots(
        (1, 1, True, VOTE, 1.0), (1, 1, False, VOTE, 1.0),  # both orders
        (1, 2, True, VOTE, 1.0),  # one
        (1, 3, True, VOTE, 0.9),  # one, with a probability
        (1, 4, True, VOTE, 1.0), (1, 4, False, SKIP, 0.5),  # a skip is no answer
        (2, 1, False, VOTE, 1.0),  # one, by somebody who answered twice elsewhere
    )  # fmt: skip
    stated = np.array([False, False, False, True, False, False, False])
    assert self_sure(given_rows, stated).tolist() == [True, True, False, True, False, False, False]


def test_unanimity_counts_predictions_that_agree() -> None:
    found = unanimity(
        ballots(
            (1, 1, True, VOTE, 0.9), (1, 1, False, VOTE, 0.2),  # a, a
            (2, 1, True, VOTE, 0.9), (2, 1, False, VOTE, 0.9),  # flips with the order
            (3, 1, True, VOTE, 0.9), (3, 1, False, VOTE, 0.2), (3, 2, True, VOTE, 0.9),  # 2: one order
            (4, 1, True, BOTH_BAD, 0.9), (4, 1, False, VOTE, 0.5),  # no winner agrees with nothing
            (5, 1, True, VOTE, 0.9), (5, 1, False, SKIP, 0.2),
            (6, 1, True, VOTE, 0.9), (6, 1, False, VOTE, 0.1),  # a, a
            (6, 2, True, VOTE, 0.6), (6, 2, False, VOTE, 0.6),  # a, b
        )
    )  # fmt: skip
    assert as_dict(found) == {1: 1.0, 2: 0.0, 3: 1.0, 4: 0.0, 6: 0.5}
    assert [found.details[name].tolist() for name in ("a", "b", "neither")] == [
        [2, 1, 2, 0, 3],
        [0, 1, 0, 0, 1],
        [0, 0, 0, 2, 0],
    ]


def test_another_reward_is_one_more_prediction() -> None:
    judged = ballots((1, 1, True, VOTE, 0.9), (1, 1, False, VOTE, 0.1), (2, 1, True, VOTE, 0.9))
    reward = PairValues(np.array([1, 2]), np.array([-3.0, 4.0]))
    assert as_dict(unanimity(judged, reward)) == pytest.approx({1: 1 / 3})


@given(rows)
def test_unanimity_is_a_share_and_blind_to_which_is_a(given_rows: list[Row]) -> None:
    if not given_rows:
        return
    found = as_dict(unanimity(ballots(*given_rows)))
    assert all(0 <= value <= 1 for value in found.values())
    swapped = [(pair, rater, not left, kind, p) for pair, rater, left, kind, p in given_rows]
    assert as_dict(unanimity(ballots(*swapped))) == found


games = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 3)), max_size=40)


@given(games, st.integers(1, 60))
def test_cycles_are_those_found_one_by_one(games: list[tuple[int, int, int]], cells: int) -> None:
    wins: dict[tuple[int, int], tuple[int, int]] = {}
    for i, j, prompt in games:
        if i != j:
            key = (min(i, j) + 10 * prompt, max(i, j) + 10 * prompt)
            wins.setdefault(key, (i + 10 * prompt, j + 10 * prompt))
    expected = {}
    for number, (winner, loser) in enumerate(wins.values()):
        thirds = {x for pair in wins for x in pair if x // 10 == winner // 10} - {winner, loser}
        met = [t for t in thirds if all((min(t, x), max(t, x)) in wins for x in (winner, loser))]
        beaten = {(w, b) for w, b in wins.values()}
        cycles = sum((loser, t) in beaten and (t, winner) in beaten for t in met)
        if met:
            expected[number] = 1 - cycles / len(met)
    table = np.array([*wins.values()], dtype=np.int64).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rater_scores, "CELLS", cells)
        found = transitivity(np.arange(len(table)), table[:, 0] // 10, table[:, 0], table[:, 1])
    assert as_dict(found) == pytest.approx(expected)


def test_a_circle_and_a_line() -> None:
    edges = [(10, 11), (11, 12), (12, 10), (20, 21), (21, 22), (20, 22)]
    winner, loser = np.array(edges).T
    pair = np.array([6, 5, 4, 3, 2, 1])
    found = transitivity(pair, winner // 10, winner, loser)
    assert as_dict(found) == {1: 1.0, 2: 1.0, 3: 1.0, 4: 0.0, 5: 0.0, 6: 0.0}
