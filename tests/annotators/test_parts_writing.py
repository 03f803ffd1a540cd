"""The rationale, and the rewrite of the better response, with the judgment that follows from it."""

from __future__ import annotations

import re

import pytest

from annotators.answers import Answer
from annotators.models import ImpliedJudgment
from annotators.services.answer_record import answer_record
from annotators.task_form import Rationale, TaskForm
from curation.models import Judgment, Pair, Response
from tests.annotators.parts_kit import TEXT_A, TEXT_B, Data, begin
from tests.conftest import People

pytestmark = pytest.mark.django_db

WHY = TaskForm(rationale=Rationale(required=True, min_chars=20, reasons=("Clearer", "Safer")))
MAY_WHY = TaskForm(rationale=Rationale(min_chars=20))
REWRITE = TaskForm(rewrite="required")
MAY_REWRITE = TaskForm(rewrite="optional")
BETTER = "Paris is the capital of France. It has 2 million people."


# ── rationale ────────────────────────────────────────────────────────────────


def test_a_rationale_is_kept(people: People) -> None:
    turn = begin(people, WHY)
    assert "At least 20 characters, at most 5,000." in turn.page()
    sent = {
        "answer": "left",
        "rationale": "  It is right\r\nand\0 clear: naïve.  ",
        "reasons": ["Safer", "Clearer"],
    }
    judgment = turn.recorded(sent)
    assert judgment.rationale == "It is right\nand clear: naïve."
    assert judgment.attributes == {"reasons": ["Clearer", "Safer"]}


@pytest.mark.parametrize(
    ("form", "sent", "words"),
    [
        (WHY, {}, "Say in a few words why"),
        (WHY, {"rationale": " \n "}, "Say in a few words why"),
        (WHY, {"rationale": "Too short."}, "The rationale has 10 characters; write at least 20."),
        (MAY_WHY, {"rationale": "Too short."}, "write at least 20, or leave it empty"),
        (WHY, {"rationale": "x" * 5001}, "The rationale has 5,001 characters; at most 5,000 are kept"),
        (WHY, {"rationale": "x" * 20, "reasons": ["Nicer"]}, "“Nicer” is not a reason of this form"),
    ],
)
def test_bad_rationales(people: People, form: TaskForm, sent: Data, words: str) -> None:
    begin(people, form).refused({"answer": "tie", **sent}, words)


def test_an_optional_rationale_may_be_left_out_and_5000_characters_fit(people: People) -> None:
    assert begin(people, MAY_WHY).recorded({"answer": "tie"}).rationale == ""
    assert len(begin(people, WHY).recorded({"answer": "tie", "rationale": "é" * 5000}).rationale) == 5000


# ── rewrite ──────────────────────────────────────────────────────────────────


def current() -> list[tuple[str, str, int | None]]:
    """(left text, right text, preference) of every judgment in force, oldest first."""
    rows = Judgment.objects.current().exclude(outcome="withdrawn").order_by("pk")
    return [
        (
            *((j.pair.response_a.text, j.pair.response_b.text)[:: 1 if j.left == "a" else -1]),
            j.preference,
        )
        for j in rows.select_related("pair__response_a", "pair__response_b")
    ]


@pytest.mark.parametrize("left", ["a", "b"])
def test_a_rewrite_becomes_a_response_preferred_to_the_original(people: People, left: str) -> None:
    turn = begin(people, REWRITE, left=left)
    answer = "left" if left == "a" else "right"
    judgment = turn.recorded({"answer": answer, "rewrite": BETTER})
    written = Response.objects.get(author=people.anna)
    assert (written.text, written.edited_from, written.sampler) == (
        BETTER,
        turn.assignment.pair.response_a,
        None,
    )
    assert judgment.attributes == {"rewrite_of": turn.assignment.pair.response_a_id}
    implied = ImpliedJudgment.objects.get().judgment
    assert (implied.pair.response_b, implied.preference, implied.left) == (written, -2, "a")
    assert (implied.rater, implied.source) == (judgment.rater, "campaign")


@pytest.mark.parametrize(
    ("form", "sent", "words"),
    [
        (REWRITE, {"answer": "left"}, "The rewrite is empty"),
        (REWRITE, {"answer": "left", "rewrite": f" {TEXT_A}\r\n"}, "The rewrite is the same as the original"),
        (MAY_REWRITE, {"answer": "left", "rewrite": TEXT_B}, "is the text of the other response"),
        (MAY_REWRITE, {"answer": "tie", "rewrite": BETTER}, "you called neither better"),
        (REWRITE, {"answer": "both_bad", "rewrite": BETTER}, "you called neither better"),
        (REWRITE, {"answer": "left", "rewrite": "x" * 50_001}, "The rewrite has 50,001 characters"),
    ],
)
def test_bad_rewrites(people: People, form: TaskForm, sent: Data, words: str) -> None:
    turn = begin(people, form)
    turn.refused(sent, words)
    assert not Response.objects.filter(author=people.anna).exists()


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        (MAY_REWRITE, {"answer": "left"}),
        (MAY_REWRITE, {"answer": "left", "rewrite": TEXT_A}),
        (MAY_REWRITE, {"answer": "tie", "rewrite": TEXT_A}),
        (REWRITE, {"answer": "both_bad"}),
    ],
)
def test_what_is_no_rewrite_leaves_none(people: People, form: TaskForm, sent: Data) -> None:
    assert begin(people, form).recorded(sent).attributes == {}
    assert not ImpliedJudgment.objects.exists()


def test_a_rewrite_does_not_keep_the_mark_of_a_hidden_name(people: People) -> None:
    turn = begin(people, REWRITE, a="As ChatGPT, I say Paris.")
    assert "As ▒▒▒hidden name, I say Paris." in re.sub(r"<[^>]*>", "", turn.page())
    turn.refused(
        {"answer": "left", "rewrite": "As ▒▒▒, I say it is Paris."}, "▒▒▒ stands for a name that is hidden"
    )
    turn.recorded({"answer": "left", "rewrite": "It is Paris."})
    assert Response.objects.get(author=people.anna).text == "It is Paris."


def test_line_ends_of_the_browser_are_no_change(people: People) -> None:
    turn = begin(people, REWRITE, a="One.\r\nTwo.\rThree.\n")
    turn.refused({"answer": "left", "rewrite": "One.\r\nTwo.\r\nThree."}, "the same as the original")


def test_undo_takes_the_rewrite_back_and_rewriting_twice_leaves_one(people: People) -> None:
    turn = begin(people, REWRITE)
    turn.recorded({"answer": "left", "rewrite": BETTER})
    assert current() == [(TEXT_A, TEXT_B, 2), (TEXT_A, BETTER, -2)]
    turn.undo()
    assert current() == []
    turn.recorded({"answer": "left_much", "rewrite": "Paris."})
    assert current() == [(TEXT_A, TEXT_B, 3), (TEXT_A, "Paris.", -2)]
    turn.undo()
    turn.recorded({"answer": "left", "rewrite": BETTER})  # the first text again: its chain goes on
    assert current() == [(TEXT_A, TEXT_B, 2), (TEXT_A, BETTER, -2)]
    turn.undo()
    turn.recorded({"answer": "right", "rewrite": "Paris, not Lyon."})
    assert current() == [(TEXT_A, TEXT_B, -2), (TEXT_B, "Paris, not Lyon.", -2)]
    turn.undo()
    turn.recorded({"answer": "tie"})
    assert current() == [(TEXT_A, TEXT_B, None)]
    assert Response.objects.filter(author=people.anna).count() == 3
    assert ImpliedJudgment.objects.count() == Pair.objects.count() - 1 == 3


def test_an_edited_answer_supersedes_the_rewrite_too(people: People) -> None:
    turn = begin(people, MAY_REWRITE)
    turn.recorded({"answer": "left", "rewrite": BETTER})
    rewrite_of = {"rewrite_of": turn.assignment.pair.response_a_id}
    for answer, rewrites in (
        (Answer("preferred", 3, rewrite="Paris.", attributes=rewrite_of), [(TEXT_A, "Paris.", -2)]),
        (Answer("preferred", 3), []),
    ):
        turn.assignment.judgment = answer_record(
            campaign=turn.campaign, assignment=turn.assignment, user=people.anna, answer=answer, took_ms=1
        )
        assert current() == [(TEXT_A, TEXT_B, 3), *rewrites]
