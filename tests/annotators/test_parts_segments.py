"""Verdicts on sentences and steps, and the first wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from annotators.segmenting import MAX_SEGMENTS, response_bounds
from annotators.task_form import Segments, TaskForm
from curation.models import Response
from tests.annotators.parts_kit import TEXT_A, TEXT_B, Data, Turn, begin
from tests.conftest import People

pytestmark = pytest.mark.django_db

SENTENCES = TaskForm(segments=Segments(unit="sentence", ask="verdicts"))
STEPS = TaskForm(segments=Segments(unit="step", ask="first_wrong"))
SOLVED = "Step 1: 2 + 2 = 4.\n\nStep 2: 4 + 1 = 5.\n\nStep 3: So 5."
GOOD: Data = {
    "answer": "left",
    "segment-left-0": "right", "segment-left-1": "unsure",
    "segment-right-0": "wrong", "segment-right-1": "right", "segment-right-2": "unsure",
}  # fmt: skip


@pytest.fixture
def turn(people: People) -> Turn:
    return begin(people, SENTENCES)


def test_it_works(turn: Turn) -> None:
    page = turn.page()
    assert "Paris is the capital of France.</p>" in page
    assert "Sentence 3 of the right response" in page
    segments = turn.recorded(GOOD).attributes["segments"]
    assert segments["a"]["verdicts"] == ["right", "unsure"]
    assert segments["b"] == {
        "unit": "sentence",
        "bounds": [[0, 20], [21, 35], [36, 45]],
        "verdicts": ["wrong", "right", "unsure"],
    }
    assert [TEXT_A[start:end] for start, end in segments["a"]["bounds"]] == [
        "Paris is the capital of France.",
        "It has 12 million people.",
    ]


def test_first_wrong_step(people: People) -> None:
    turn = begin(people, STEPS, a=SOLVED, b="Just five.", left="b")
    assert "No step is wrong" in turn.page()
    said = turn.recorded({"answer": "tie", "first_wrong-right": "2", "first_wrong-left": "none"}).attributes
    assert said["segments"]["a"] == {
        "unit": "step",
        "bounds": [[0, 18], [20, 38], [40, 53]],
        "first_wrong": 2,
    }
    assert said["segments"]["b"] == {"unit": "step", "bounds": [[0, 10]], "first_wrong": None}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"segment-right-2": None}, "Sentence 3 of the right response has no verdict yet"),
        ({"segment-left-0": "maybe"}, "is correct, wrong or unsure, not “maybe”"),
    ],
)
def test_bad_verdicts(turn: Turn, changed: Data, words: str) -> None:
    turn.refused({name: value for name, value in {**GOOD, **changed}.items() if value}, words)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "Say which step of the right response is the first wrong one, or that none is"),
        ("3", "The right response has 3 steps; “3” is none of them"),
        ("-1", "“-1” is none of them"),
        ("two", "“two” is none of them"),
    ],
)
def test_bad_first_wrong(people: People, value: str, words: str) -> None:
    turn = begin(people, STEPS, a="Five.", b=SOLVED)
    turn.refused({"answer": "left", "first_wrong-left": "none", "first_wrong-right": value}, words)


def test_an_empty_response_asks_for_nothing(people: People) -> None:
    turn = begin(people, SENTENCES, a=" \n", b="One.")
    assert "there is nothing to judge" in turn.page()
    said = turn.recorded({"answer": "right", "segment-right-0": "right"}).attributes["segments"]
    assert said["a"] == {"unit": "sentence", "bounds": [], "verdicts": []}


def test_stored_segments_win_where_they_fit() -> None:
    asked = Segments()
    stored = [{"start": 0, "end": 5}, {"start": 6, "end": 57}]
    assert response_bounds(Response(text=TEXT_A, segments=stored), asked) == [(0, 5), (6, 57)]
    whole = response_bounds(Response(text=TEXT_B), asked)
    misfits: list[list[Any]] = [
        [{"start": 0, "end": 400}],
        [{"start": 5, "end": 9}, {"start": 3, "end": 12}],
        [{"start": 3, "end": 3}],
        [{"begin": 0}],
        [{"start": True, "end": 4}],
        ["no"],
    ]
    for misfit in misfits:
        assert response_bounds(Response(text=TEXT_B, segments=misfit), asked) == whole


def test_a_very_long_response_stays_within_what_a_form_can_send(people: People) -> None:
    long = "Yes, it is so. " * 1000
    bounds = response_bounds(Response(text=long), Segments())
    assert len(bounds) == MAX_SEGMENTS
    assert bounds[-1][1] == len(long.rstrip())
    turn = begin(people, SENTENCES, a=long, b=long + "Or no.")
    verdicts = {f"segment-{side}-{j}": "right" for side in ("left", "right") for j in range(MAX_SEGMENTS)}
    assert len(turn.recorded({"answer": "tie", **verdicts}).attributes["segments"]["b"]["verdicts"]) == 200
