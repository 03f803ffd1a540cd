"""Rankings of three to nine responses, and every pair that follows."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotators.answer_parse import parse_answer
from annotators.models import Assignment, ImpliedJudgment
from annotators.services.label_submit import label_submit
from annotators.task_form import Rationale, TaskForm
from curation.models import Judgment, Response
from tests.annotators.parts_kit import Data, Turn, begin_ranking, querydict
from tests.conftest import People

pytestmark = pytest.mark.django_db

FORM = TaskForm(kind="ranking", ranking_size=4)
TEXTS = ["First text.", "Second text.", "Third text.", "Fourth text."]


@pytest.fixture
def turn(people: People) -> Turn:
    return begin_ranking(people, FORM, TEXTS)


def ranks(*given: object) -> Data:
    return {"answer": "ranking"} | {f"rank-{i}": str(rank) for i, rank in enumerate(given, start=1) if rank}


def verdicts() -> dict[tuple[str, str], int]:
    """{(text, text): preference towards the first} of every judgment in force, in order of id."""
    current = Judgment.objects.current().exclude(outcome="withdrawn")
    return {
        (j.pair.response_a.text.split()[0], j.pair.response_b.text.split()[0]): (j.preference or 0)
        * (1 if j.left == "a" else -1)
        for j in current
    }


def test_what_was_recorded_is_the_ranking(turn: Turn) -> None:
    assert "Recorded: your ranking of 4 responses." in turn.send(ranks(2, 1, 4, 2)).content.decode()


def test_it_works(turn: Turn) -> None:
    page = turn.page()
    assert "Response 4" in page
    assert '<input type="hidden" name="answer" value="ranking">' in page
    judgment = turn.recorded(ranks(2, 1, 4, 2))
    one, two, three, four = Response.objects.order_by("pk").values_list("pk", flat=True)
    assert judgment.attributes == {"ranking": [[two], [one, four], [three]]}
    assert (judgment.outcome, judgment.preference, judgment.left) == ("preferred", -2, "a")
    assert verdicts() == {
        ("First", "Second"): -2,
        ("First", "Third"): 2,
        ("First", "Fourth"): 0,
        ("Second", "Third"): 2,
        ("Second", "Fourth"): 2,
        ("Third", "Fourth"): -2,
    }
    assert {(j.source, j.rater_id) for j in Judgment.objects.all()} == {("campaign", judgment.rater_id)}


def test_the_order_of_the_page_is_what_ranks_are_about(turn: Turn) -> None:
    order = list(reversed(turn.assignment.order or []))
    Assignment.objects.update(order=order, left="b")
    judgment = turn.recorded(ranks(1, 2, 3, 4))
    assert judgment.attributes["ranking"] == [[pk] for pk in order]
    assert (judgment.left, judgment.preference) == ("b", 2)
    assert set(verdicts().values()) == {-2}


@pytest.mark.parametrize("given", [(1, 1, 1, 1), (1, 1, 2, 3), (1, 1, 3, 3), (1, 2, 2, 3), (4, 3, 2, 1)])
def test_ties_may_be_counted_either_way(turn: Turn, given: tuple[int, ...]) -> None:
    turn.recorded(ranks(*given))
    words = [text.split()[0] for text in TEXTS]
    expected = {
        (words[i], words[j]): 2 * ((given[i] < given[j]) - (given[i] > given[j]))
        for i, j in combinations(range(4), 2)
    }
    assert verdicts() == expected


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (ranks(1, 2, None, 3), "Response 3 has no rank yet. Give each one from 1 to 4"),
        (ranks(1, 2, 3, 5), "Response 4 ranks from 1 to 4, not “5”"),
        (ranks(1, 2, 3, "0"), "Response 4 ranks from 1 to 4, not “0”"),
        (ranks(1, 2, 3, "best"), "not “best”"),
        (ranks(2, 2, 3, 4), "Response 1 has rank 2, but only 0 of the others rank before it"),
        (ranks(1, 2, 4, 4), "Response 3 has rank 4, but only 2 of the others rank before it"),
        ({**ranks(1, 2, 3, 4), "answer": "left"}, "This campaign asks for a ranking"),
        ({**ranks(1, 2, 3, 4), "answer": ""}, "This campaign asks for a ranking"),
        ({**ranks(1, 2, 3, 4), "flags": "odd"}, "“odd” is not a flag"),
    ],
)
def test_impossible_rankings(turn: Turn, sent: Data, words: str) -> None:
    turn.refused(sent, words)


def test_ranks_are_still_there_after_an_error(turn: Turn) -> None:
    page = turn.refused(ranks(3, None, 1, 2), "Response 2 has no rank yet")
    chosen = re.findall(r'<option value="(\d)" selected', page)
    assert chosen == ["3", "1", "2"]


def test_a_rationale_and_flags_go_with_it(people: People) -> None:
    form = TaskForm(kind="ranking", rationale=Rationale(required=True, reasons=("Clearer",)))
    turn = begin_ranking(people, form, TEXTS[:3])
    turn.refused(ranks(1, 2, 3), "Say in a few words why")
    judgment = turn.recorded(ranks(1, 2, 3) | {"rationale": "Fine.", "reasons": "Clearer", "flags": "pii"})
    assert judgment.rationale == "Fine."
    assert set(judgment.attributes) == {"ranking", "reasons", "flags"}


def test_undo_and_another_ranking_leave_one_judgment_for_each_pair(turn: Turn) -> None:
    turn.recorded(ranks(1, 2, 3, 4))
    turn.undo()
    assert verdicts() == {}
    turn.recorded(ranks(4, 3, 2, 1))
    assert set(verdicts().values()) == {-2}
    assert len(verdicts()) == 6
    assert ImpliedJudgment.objects.count() == 5
    assert Judgment.objects.count() == 18  # each pair's chain: the ranking, its withdrawal, the new ranking


def test_a_skipped_ranking_says_nothing_about_its_pairs(turn: Turn) -> None:
    judgment = turn.recorded({"answer": "skip", "skip_reason": "broken"})
    assert judgment.attributes == {}
    assert not ImpliedJudgment.objects.exists()


def test_nine_cost_as_many_queries_as_three(people: People) -> None:
    costs = []
    for size in (3, 9):
        form = TaskForm(kind="ranking", ranking_size=size)
        turn = begin_ranking(people, form, [f"Text {i} of {size}." for i in range(size)])
        answer = parse_answer(form, turn.assignment, querydict(ranks(*range(1, size + 1))))
        with CaptureQueriesContext(connection) as queries:
            label_submit(assignment_id=turn.assignment.pk, user=people.anna, answer=answer)
        assert turn.assignment.implied.count() == size * (size - 1) // 2 - 1
        costs.append(len(queries))
    assert costs[1] <= costs[0] <= 22  # the first answer also makes the rater


def test_the_page_names_no_response(people: People) -> None:
    """A response's id would tell which sampler came first."""
    turn = begin_ranking(people, FORM, TEXTS, first_id=740_001)
    page = turn.page() + turn.refused(ranks(1, 2, 3, 9), "ranks from 1 to 4")
    assert turn.assignment.order == [740_001, 740_002, 740_003, 740_004]
    assert not re.search(r"7400\d\d", page)
