from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotators.algorithms.assignment import (
    KINDS,
    Answer,
    Kind,
    disagreement,
    draw_left,
    gold_turn,
    is_rushed,
    queue_order,
    wants_another,
)

id_lists = st.lists(st.integers(0, 10**6), unique=True, max_size=60)
answer_lists = st.lists(st.one_of(st.integers(-3, 3), st.sampled_from(["both_bad", "skip"])), max_size=7)
seeds = st.integers(0, 2**31)


def in_order(ids: list[int], position: np.ndarray) -> list[int]:
    return [ids[place] for place in np.argsort(position)]


@given(st.sampled_from(KINDS), id_lists, seeds, st.randoms())
def test_positions_are_a_permutation_that_depends_on_the_ids_alone(
    kind: Kind,
    ids: list[int],
    seed: int,
    random: st.Random,  # type: ignore[name-defined]
) -> None:
    def order(ids: list[int]) -> tuple[dict[int, int], dict[int, bool]]:
        result = queue_order(
            kind,
            ids,
            seed=seed,
            uncertainty=[(i * 37 % 11) / 11 for i in ids],
            category=["abc"[i % 3] for i in ids],
            control_share=0.3,
        )
        return (
            dict(zip(ids, result.position.tolist(), strict=True)),
            dict(zip(ids, result.control.tolist(), strict=True)),
        )

    shuffled = list(ids)
    random.shuffle(shuffled)
    position, control = order(ids)
    assert sorted(position.values()) == list(range(len(ids)))
    assert order(shuffled) == (position, control)
    if kind != "uncertainty":
        assert not any(control.values())


def test_by_id_and_at_random() -> None:
    ids = [7, 3, 9, 1]
    assert in_order(ids, queue_order("id", ids, seed=1).position) == [1, 3, 7, 9]
    first = {in_order(ids, queue_order("random", ids, seed=seed).position)[0] for seed in range(60)}
    assert first == {1, 3, 7, 9}


def test_the_most_uncertain_come_first_and_controls_are_spread_evenly() -> None:
    draw = np.random.default_rng(0)
    ids = np.arange(1000)
    uncertainty = draw.random(1000)
    uncertainty[:5] = np.nan
    order = queue_order("uncertainty", ids, seed=3, uncertainty=uncertainty, control_share=0.1)
    queue = np.argsort(order.position)
    ruled = queue[~order.control[queue]]
    doubt = np.nan_to_num(uncertainty[ruled], nan=-1.0)
    assert np.all(np.diff(doubt) <= 0)
    places = np.sort(order.position[order.control])
    assert (places // 10).tolist() == list(range(100))  # one in every ten
    assert len(set((places % 10).tolist())) == 10  # anywhere among them
    # The arm is a fair sample, in whatever part of the queue: its uncertainty is that of all items.
    early = uncertainty[order.control & (order.position < 500)]
    assert np.nanmean(early) == pytest.approx(0.5, abs=0.15)


def test_the_control_arm_is_drawn_anew_with_the_seed_and_may_be_empty_or_all() -> None:
    ids = list(range(100))
    arms = [
        queue_order("uncertainty", ids, seed=seed, uncertainty=ids, control_share=0.2).control
        for seed in (1, 2)
    ]
    assert arms[0].sum() == arms[1].sum() == 20
    assert np.any(arms[0] != arms[1])
    none = queue_order("uncertainty", ids, seed=1, uncertainty=ids, control_share=0)
    assert not none.control.any()
    assert in_order(ids, none.position) == ids[::-1]
    assert queue_order("uncertainty", ids, seed=1, uncertainty=ids, control_share=1).control.all()


def test_equally_uncertain_items_are_shuffled() -> None:
    ids = list(range(50))
    order = queue_order("uncertainty", ids, seed=1, uncertainty=[0.5] * 50, control_share=0)
    assert in_order(ids, order.position) != ids


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), seeds)
def test_categories_take_turns(categories: list[str], seed: int) -> None:
    ids = list(range(len(categories)))
    queue = in_order(ids, queue_order("round_robin", ids, seed=seed, category=categories).position)
    seen: Counter[str] = Counter()
    total = Counter(categories)
    for item in queue:
        seen[categories[item]] += 1
        waiting = [name for name in total if seen[name] < total[name]]
        assert max(seen.values()) - min((seen[name] for name in waiting), default=max(seen.values())) <= 1


def test_within_a_category_the_order_is_random() -> None:
    ids = list(range(40))
    queue = in_order(ids, queue_order("round_robin", ids, seed=5, category=["a", "b"] * 20).position)
    assert [item for item in queue if item % 2 == 0] != ids[::2]


def test_bad_queues_are_refused() -> None:
    for kind, ids, options in (
        ("newest", [1], {}),
        ("id", [1, 1], {}),
        ("uncertainty", [1, 2], {}),
        ("uncertainty", [1, 2], {"uncertainty": [0.5]}),
        ("uncertainty", [1, 2], {"uncertainty": [0.5, 0.1], "control_share": 1.5}),
        ("round_robin", [1, 2], {}),
    ):
        with pytest.raises(ValueError, match=r"must be one of|twice|per id|share"):
            queue_order(kind, ids, seed=1, **options)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=80))
def test_a_pair_shows_both_sides_equally_often_whoever_comes(visits: list[tuple[int, int, bool]]) -> None:
    pairs: Counter[tuple[int, str]] = Counter()
    people: Counter[tuple[int, str]] = Counter()
    for person, pair, coin in visits:
        left = draw_left(pairs[pair, "a"], pairs[pair, "b"], people[person, "a"], people[person, "b"], coin)
        pairs[pair, left] += 1
        people[person, left] += 1
        assert abs(pairs[pair, "a"] - pairs[pair, "b"]) <= 1


@given(st.lists(st.booleans(), max_size=60))
def test_a_person_on_fresh_pairs_sees_both_sides_equally_often(coins: list[bool]) -> None:
    seen: Counter[Literal["a", "b"]] = Counter()
    for coin in coins:
        seen[draw_left(0, 0, seen["a"], seen["b"], coin)] += 1
        assert abs(seen["a"] - seen["b"]) <= 1


def test_the_pair_goes_before_the_person_and_the_person_before_the_coin() -> None:
    assert draw_left(1, 0, 0, 9, coin=True) == "b"
    assert draw_left(0, 1, 9, 0, coin=False) == "a"
    assert draw_left(2, 2, 3, 4, coin=False) == "a"
    assert draw_left(2, 2, 4, 3, coin=True) == "b"
    assert draw_left(2, 2, 4, 4, coin=True) == "a"
    assert draw_left(2, 2, 4, 4, coin=False) == "b"


@given(st.floats(0.01, 0.5), seeds)
def test_every_block_has_exactly_one_gold_turn(share: float, seed: int) -> None:
    length = round(1 / share)
    turns = [gold_turn(n, share, seed) for n in range(6 * length)]
    assert [sum(turns[start : start + length]) for start in range(0, 6 * length, length)] == [1] * 6


def test_the_gold_turn_lies_anywhere_in_its_block_and_differs_between_seeds() -> None:
    places = Counter(n % 10 for n in range(20000) if gold_turn(n, 0.1, seed="anna"))
    assert set(places) == set(range(10))
    assert min(places.values()) > 140  # of 2,000 blocks, 200 expected at each place
    assert max(places.values()) < 260
    anna, bert = ([gold_turn(n, 0.1, seed=name) for n in range(100)] for name in ("anna", "bert"))
    assert anna != bert
    assert anna == [gold_turn(n, 0.1, seed="anna") for n in range(100)]


def test_no_share_no_gold_and_bad_shares_are_refused() -> None:
    assert not any(gold_turn(n, 0, seed=1) for n in range(200))
    for n, share in ((0, -0.1), (0, 0.6), (0, float("nan")), (-1, 0.1)):
        with pytest.raises(ValueError, match=r"share of gold|not a count"):
            gold_turn(n, share, seed=1)


@pytest.mark.parametrize(
    ("answers", "n_asked", "cap", "wanted"),
    [
        ([3, -2], 2, 5, True),
        ([3, 1], 2, 5, False),  # one winner, other strengths
        ([3, 0], 2, 5, True),  # a tie is not a win
        ([3, "both_bad"], 2, 5, True),
        (["both_bad", "both_bad"], 2, 5, False),
        ([3, "skip"], 2, 5, False),
        ([3, -2], 3, 5, False),  # somebody is still at it
        ([3, -2], 2, 2, False),  # at the cap
        ([3, -2, 1], 2, 5, True),  # one more than asked
        ([], 0, 5, False),
    ],
)
def test_wants_another(answers: list[Answer], n_asked: int, cap: int, wanted: bool) -> None:
    assert wants_another(answers, n_asked, cap) is wanted


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], 0),
        ([3], 0),
        ([3, "skip"], 0),
        ([3, -3], 1),
        ([2, -1], 0.5),
        ([3, 0], 0.5),
        ([3, 3, 0], 1 / 3),
        ([1, "both_bad"], 1),
        (["both_bad", "both_bad"], 0),
        ([0, "both_bad", "both_bad"], 2 / 3),
    ],
)
def test_disagreement(answers: list[Answer], expected: float) -> None:
    assert disagreement(answers) == pytest.approx(expected)


@given(answer_lists)
def test_disagreement_is_a_share_and_blind_to_order_and_side(answers: list[Answer]) -> None:
    mirrored = [answer if isinstance(answer, str) else -answer for answer in reversed(answers)]
    assert 0 <= disagreement(answers) <= 1
    assert disagreement(mirrored) == pytest.approx(disagreement(answers))
    if wants_another(answers, 0, 99):
        assert disagreement(answers) > 0


def test_what_is_no_answer_is_refused() -> None:
    for answers in ([4], ["left"]):
        with pytest.raises(ValueError, match="no answer"):
            disagreement(answers)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("duration_ms", "n_chars", "rushed"),
    [(999, 0, True), (1000, 0, False), (1000, 60, False), (1999, 120, True), (2000, 120, False)],
)
def test_is_rushed(duration_ms: int, n_chars: int, rushed: bool) -> None:
    assert is_rushed(duration_ms, n_chars) is rushed


def test_negative_times_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        is_rushed(-1, 10)
