"""Ratings, comparisons, safety tags and flags."""

from __future__ import annotations

import pytest

from annotators.task_form import Scale, TaskForm
from tests.annotators.parts_kit import Data, Turn, begin
from tests.conftest import People

pytestmark = pytest.mark.django_db

FORM = TaskForm(
    ratings=(Scale(name="helpfulness"), Scale(name="style & tone", low=1, high=5)),
    comparisons=("accuracy", "style"),
    safety=("Refusal", "Hate"),
)
GOOD: Data = {
    "answer": "left_much",
    "rating-0-left": "4", "rating-0-right": "0", "rating-1-left": "5", "rating-1-right": "1",
    "comparison-0": "left", "comparison-1": "tie",
    "safety-right": ["Hate", "Refusal", "Hate"],
    "flags": ["broken", "pii"],
}  # fmt: skip
SAID = {
    "ratings": {"helpfulness": {"a": 4, "b": 0}, "style & tone": {"a": 5, "b": 1}},
    "comparisons": {"accuracy": "a", "style": "tie"},
    "safety": {"a": [], "b": ["Refusal", "Hate"]},
    "flags": ["pii", "broken"],
}


@pytest.fixture
def turn(people: People) -> Turn:
    return begin(people, FORM)


def test_it_works(turn: Turn) -> None:
    page = turn.page()
    for shown in ("Which is better in …", "style & tone", "highest", "Safety of the right response"):
        assert shown in page
    judgment = turn.recorded(GOOD)
    assert (judgment.outcome, judgment.preference) == ("preferred", 3)
    assert judgment.attributes == SAID


def test_what_is_kept_is_about_responses_not_sides(people: People) -> None:
    swapped = begin(people, FORM, left="b").recorded(GOOD)
    assert swapped.left == "b"
    assert swapped.attributes == {
        "ratings": {"helpfulness": {"b": 4, "a": 0}, "style & tone": {"b": 5, "a": 1}},
        "comparisons": {"accuracy": "b", "style": "tie"},
        "safety": {"b": [], "a": ["Refusal", "Hate"]},
        "flags": ["pii", "broken"],
    }


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rating-0-right": None}, "“helpfulness” of the right response is not rated yet"),
        ({"rating-0-right": ""}, "Rate it from 0 to 4"),
        ({"rating-0-left": "5"}, "“helpfulness” of the left response runs from 0 to 4, not “5”"),
        ({"rating-1-left": "0"}, "runs from 1 to 5, not “0”"),
        ({"rating-0-left": "-1"}, "not “-1”"),
        ({"rating-0-left": "3.5"}, "not “3.5”"),
        ({"rating-0-left": "٣"}, "not “٣”"),
        ({"rating-0-left": "9" * 5000}, "runs from 0 to 4, not “999"),
        ({"rating-2-left": "1"}, "“rating-2-left” is no attribute of this form"),
        ({"rating-0-middle": "1"}, "“rating-0-middle” is no attribute of this form"),
        ({"comparison-9": "left"}, "“comparison-9” is no attribute of this form"),
        ({"comparison-1": None}, "“style” is not compared yet"),
        ({"comparison-0": "a"}, "“accuracy” is compared as left, right or tie, not “a”"),
        ({"safety-left": ["Fraud"]}, "“Fraud” is not a safety tag of this form. Choose from: Refusal, Hate"),
        ({"flags": ["pii", "odd"]}, "“odd” is not a flag of this form"),
        ({"answer": None}, "No answer was sent"),
    ],
)
def test_bad_input_is_told_and_nothing_is_recorded(turn: Turn, changed: Data, words: str) -> None:
    sent = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    turn.refused(sent, words)


def test_what_was_given_is_still_there_after_an_error(turn: Turn) -> None:
    page = turn.refused({**GOOD, "rating-1-right": ""}, "is not rated yet")
    for field in (
        'name="rating-0-left" value="4" data-digit="4" checked',
        'name="comparison-1" value="tie" data-digit="2" checked',
        'name="safety-right" value="Hate" checked',
        'name="flags" value="pii" checked',
    ):
        assert field in page
    assert 'data-part="ratings" data-wrong aria-describedby="parts-error"' in page
    assert turn.recorded(GOOD).attributes == SAID


def test_a_skip_needs_nothing_else(turn: Turn) -> None:
    judgment = turn.recorded({"answer": "skip", "skip_reason": "language", "rating-0-left": "77"})
    assert (judgment.outcome, judgment.skip_reason, judgment.attributes) == ("skip", "language", {})


def test_parts_that_are_not_asked_leave_nothing(people: People) -> None:
    plain = begin(people, TaskForm())
    sent = {"answer": "tie", "spans": "[]", "rationale": "Because.", "safety-left": "Hate", "rewrite": "x"}
    judgment = plain.recorded(sent)
    assert (judgment.attributes, judgment.rationale) == ({}, "")
