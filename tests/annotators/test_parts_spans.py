"""Marked passages."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from annotators.answer_shown import shown_parts
from annotators.models import Assignment
from annotators.parse.spans import MAX_SPANS, parse_spans
from annotators.task_form import Spans, TaskForm
from config.settings.env import BASE_DIR
from curation.models import Pair, Response
from tests.annotators.parts_kit import Data, Turn, begin, querydict, span, spans
from tests.conftest import People

pytestmark = pytest.mark.django_db

FORM = TaskForm(spans=Spans(types=("factual", "irrelevant"), severities=3))
FEEDBACK = BASE_DIR.parent / "shared" / "data" / "fine_grained_rlhf" / "dev_feedback.json"


@pytest.fixture
def turn(people: People) -> Turn:
    return begin(people, FORM)


def test_it_works(turn: Turn) -> None:
    page = turn.page()
    assert (
        '<span data-start="0" data-end="5">Paris</span> <span data-start="6" data-end="8">is</span>' in page
    )
    marks = [span(39, 41, severity=3), span(0, 5, type="irrelevant"), span(15, 19, side="right", severity=2)]
    said = turn.recorded({"answer": "left", "spans": spans(*marks)}).attributes["spans"]
    assert said == {
        "a": [
            {"start": 0, "end": 5, "type": "irrelevant", "severity": 1, "text": "Paris"},
            {"start": 39, "end": 41, "type": "factual", "severity": 3, "text": "12"},
        ],
        "b": [{"start": 15, "end": 19, "type": "factual", "severity": 2, "text": "Lyon"}],
    }


def test_sides_are_mapped_to_responses(people: People) -> None:
    turn = begin(people, FORM, left="b")
    said = turn.recorded({"answer": "left", "spans": spans(span(0, 5, side="right"))}).attributes["spans"]
    assert said["b"] == []
    assert said["a"][0]["text"] == "Paris"


@pytest.mark.parametrize("nothing", ["", "[]", None])
def test_marks_are_optional(turn: Turn, nothing: str | None) -> None:
    sent = {"answer": "left"} | ({} if nothing is None else {"spans": nothing})
    assert turn.recorded(sent).attributes == {"spans": {"a": [], "b": []}}


def test_offsets_count_characters_not_code_units(people: People) -> None:
    turn = begin(people, FORM, a="👩‍🔬 said: naïve 日本.")
    assert '<span data-start="0" data-end="3">👩‍🔬</span>' in turn.page()
    said = turn.recorded({"answer": "left", "spans": spans(span(10, 15))}).attributes["spans"]
    assert said["a"][0]["text"] == "naïve"


def test_marks_of_different_types_may_overlap(turn: Turn) -> None:
    marks = spans(span(0, 8), span(6, 12, type="irrelevant"), span(8, 12))
    assert len(turn.recorded({"answer": "left", "spans": marks}).attributes["spans"]["a"]) == 3


UNREADABLE = "The marks arrived in a form that cannot be read"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("{", UNREADABLE),
        ('{"side": "left"}', UNREADABLE),
        ("[1]", UNREADABLE),
        ("[" * 50_000, UNREADABLE),
        ("9" * 5_000, UNREADABLE),
        (spans({"side": "left", "start": 0, "end": 1}), UNREADABLE),
        (spans(span(0, 5, id=7)), UNREADABLE),
        (spans(span(0, 58)), "A mark from 0 to 58 lies outside the left response, which has 57 characters"),
        (spans(span(-1, 4)), "lies outside the left response"),
        (spans(span(0, 50, side="right")), "lies outside the right response, which has 45 characters"),
        (spans(span(1.0, 4)), "A mark from 1.0 to 4 lies outside"),
        (spans(span("0", 4)), "A mark from “0” to 4 lies outside"),
        (spans(span(None, 4)), "lies outside"),
        ('[{"side":"left","start":true,"end":4,"type":"factual","severity":1}]', "lies outside"),
        (spans(span(10**400, 4)), "lies outside"),
        (spans(span(4, 4)), "A mark at 4 in the left response holds no text"),
        (spans(span(6, 2)), "holds no text"),
        (spans(span(5, 6)), "A mark at 5 in the left response holds no text"),
        (spans(span(0, 5, type="typo")), "“typo” is not a type of error here. Choose from: factual"),
        (spans(span(0, 5, type=["factual"])), "is not a type of error here"),
        (spans(span(0, 5, severity=0)), "The severity of a mark runs from 1 to 3, not 0"),
        (spans(span(0, 5, severity=4)), "from 1 to 3, not 4"),
        (spans(span(0, 5, severity="2")), "from 1 to 3, not “2”"),
        (spans(span(0, 5, side="a")), "A mark is on the left or the right response, not on “a”"),
        (spans(span(0, 5, side=None)), "not on None"),
        (spans(span(0, 5, side={})), "not on {}"),
        (spans(span(0, 8), span(6, 12)), "Two marks of type “factual” overlap in the left response: “Pa"),
        (spans(span(0, 5), span(0, 5, severity=2)), "overlap in the left response"),
        (spans(*[span(0, 5)] * (MAX_SPANS + 1)), f"At most {MAX_SPANS} passages"),
        (json.dumps("x" * 70_000), f"At most {MAX_SPANS} passages"),
    ],
)  # fmt: skip
def test_bad_marks_are_told_and_nothing_is_recorded(turn: Turn, sent: str, words: str) -> None:
    turn.refused({"answer": "left", "spans": sent}, words)


def test_marks_are_still_there_after_an_error(turn: Turn) -> None:
    page = turn.refused({"answer": "", "spans": spans(span(0, 5))}, "No answer was sent")
    assert 'name="spans" value="[{"side": "left", "start": 0, "end": 5' in page


TYPES = ("Irrelevant", "Wrong-Grounding", "Unverifiable", "Redundant", "Incoherent")


def published() -> list[tuple[str, list[Data]]]:
    """(answer, its marks) of Fine-Grained RLHF's development set, where people marked any."""
    if not FEEDBACK.exists():
        pytest.skip(f"no published feedback at {FEEDBACK}")
    rows = json.loads(FEEDBACK.read_text())
    return [
        (
            row["prediction 1"],
            [span(e["start"], e["end"], type=e["error type"]) for e in row["feedback"]["errors"]],
        )
        for row in rows
        if row["feedback"]["errors"]
    ]


def test_published_spans_are_all_accepted_and_none_is_changed() -> None:
    asked = Spans(types=TYPES, severities=1)
    kept: Counter[str] = Counter()
    for text, marks in published():
        pair = Pair(response_a=Response(text=text), response_b=Response(text=""))
        sent = querydict({"spans": spans(*marks)})
        said = parse_spans(asked, Assignment(left="a", pair=pair), sent)["a"]
        assert [(m["start"], m["end"], m["type"]) for m in said] == sorted(
            (m["start"], m["end"], m["type"]) for m in marks
        )
        assert all(mark["text"] == text[mark["start"] : mark["end"]] for mark in said)
        kept.update(mark["type"] for mark in said)
    assert kept == {
        "Irrelevant": 909, "Wrong-Grounding": 163, "Unverifiable": 152, "Redundant": 133, "Incoherent": 16,
    }  # fmt: skip


def test_published_spans_go_the_whole_way(people: People) -> None:
    form = TaskForm(spans=Spans(types=TYPES, severities=1))
    for text, marks in published()[:3]:
        judgment = begin(people, form, a=text).recorded({"answer": "tie", "spans": spans(*marks)})
        rows = next(part for part in shown_parts(judgment) if part.texts).rows
        assert len(judgment.attributes["spans"]["a"]) == len(rows) == len(marks)
