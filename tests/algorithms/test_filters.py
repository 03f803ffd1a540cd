"""Filters: borders, ties, missing numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.filters import (
    Verdicts,
    consensus_exists,
    drop_top,
    judges_agree,
    length_ratio,
    min_margin,
)


def test_consensus_names_every_reason() -> None:
    cut = consensus_exists(
        winner=np.array([1, 0, 0, 0, -1]),
        known=np.array([True, False, True, True, True]),
        answered=np.array([True, False, False, True, True]),
        chosen=np.array([1, 0, 0, 0, 1]),
        probability=np.array([0.9, 0.5, 0.5, 0.5, 0.2]),
    )
    assert cut.keep.tolist() == [True, False, False, False, False]
    assert cut.counts() == {"no judgment": 1, "both bad": 1, "tie": 1, "names the other response": 1}
    assert cut.values is not None
    assert cut.values.tolist() == pytest.approx([0.9, np.nan, np.nan, 0.5, 0.2], nan_ok=True)
    assert cut.borders == (0.5,)


def test_consensus_tells_how_likely_the_chosen_response_is_better_whichever_it_is() -> None:
    yes = np.ones(2, dtype=np.bool_)
    winner = np.array([1, -1])
    cut = consensus_exists(winner, yes, yes, chosen=winner, probability=np.array([0.75, 0.25]))
    assert cut.values is not None
    assert cut.values.tolist() == [0.75, 0.75]


def test_margin_at_the_threshold_stays() -> None:
    assert min_margin(np.array([0.19, 0.2, 0.21, np.nan]), 0.2).keep.tolist() == [False, True, True, False]


def test_length_ratio_keeps_both_borders() -> None:
    cut = length_ratio(np.array([5, 20, 21, 4, 9]), np.array([10, 10, 10, 10, 0]), 0.5, 2.0)
    assert cut.keep.tolist() == [True, True, False, False, False]
    assert sum(cut.counts().values()) == 3


def test_drop_top_takes_the_highest_and_breaks_ties_by_pair_id() -> None:
    score = np.array([1.0, 3.0, 3.0, 3.0, np.nan])
    cut = drop_top(score, np.array([50, 40, 30, 20, 10]), 50, keep_missing=True, name="x")
    assert cut.keep.tolist() == [True, True, False, False, True]
    assert cut.borders == (3.0,)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True, width=16), max_size=60),
    st.decimals(0, 100, places=2).map(float),
    st.booleans(),
)
def test_drop_top_drops_exactly_the_floor(scores: list[float], percent: float, keep_missing: bool) -> None:
    score = np.array(scores, dtype=np.float64)
    scored = np.isfinite(score)
    cut = drop_top(score, np.arange(len(score)), percent, keep_missing=keep_missing, name="x")
    top = scored & ~cut.keep
    assert top.sum() == int(Fraction(str(percent)) * int(scored.sum()) / 100)
    assert (cut.keep[~scored] == keep_missing).all()
    if top.any() and (scored & cut.keep).any():
        assert score[top].min() >= score[scored & cut.keep].max()


def test_a_percentage_is_the_decimal_that_was_typed() -> None:
    cut = drop_top(np.arange(10_000.0), np.arange(10_000), 0.29, keep_missing=False, name="x")
    assert cut.counts() == {"highest 0.29 % by x": 29}


def verdicts(*rows: tuple[int, int, bool, int]) -> Verdicts:
    at, judge, left_is_a, vote = zip(*rows, strict=True)
    return Verdicts(np.array(at), np.array(judge), np.array(left_is_a), np.array(vote))


@pytest.mark.parametrize(
    ("rows", "reason", "share"),
    [
        ([(0, 1, True, 1), (0, 1, False, 1)], None, 1),
        ([(0, 1, True, -1), (0, 1, False, -1), (0, 2, True, -1), (0, 2, False, -1)], None, 1),
        ([(0, 1, True, 1)], "judged in one order only", 1),
        ([(0, 1, True, 1), (0, 1, False, -1)], "verdict flips with the order", 1 / 2),
        ([(0, 1, True, 1), (0, 1, False, 0)], "a judge names no winner", 1 / 2),
        ([(0, 1, True, 0), (0, 1, False, 0)], "a judge names no winner", 0),
        (
            [(0, 1, True, 1), (0, 1, False, 1), (0, 2, True, -1), (0, 2, False, -1), (0, 2, True, -1)],
            "judges name different winners",
            3 / 5,
        ),
        ([(1, 1, True, 1), (1, 1, False, 1)], "no judge", np.nan),
    ],
)
def test_judges_agree(rows: list[tuple[int, int, bool, int]], reason: str | None, share: float) -> None:
    cut = judges_agree(verdicts(*rows), 2, require_judge=True)
    assert (cut.reasons[cut.why[0] - 1] if cut.why[0] else None) == reason
    assert cut.values is not None
    assert cut.values[0] == pytest.approx(share, nan_ok=True)


def test_judges_are_not_required_unless_asked() -> None:
    assert judges_agree(verdicts((1, 1, True, 1), (1, 1, False, 1)), 2, require_judge=False).keep.all()
