"""What stands around the choice: words that differ, an answer filled in again, qualification."""

from __future__ import annotations

import json
import re

import pytest
from pytest_django import DjangoAssertNumQueries

from annotators.answers import choices_for
from annotators.given import given_by
from annotators.masking import MASK
from annotators.models import Assignment, Campaign, GoldPair, Participation
from annotators.services.assignment_claim import assignment_claim
from annotators.task_form import Rationale, Scale, Segments, Spans, TaskForm
from curation.models import Judgment
from tests.annotators.conftest import MakeCampaign, answer_url, diff_url, label_url, undo_url
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


# ── the words that differ ────────────────────────────────────────────────────


def diffed(people: People, make_campaign: MakeCampaign, a: str, b: str) -> tuple[Assignment, str]:
    PairFactory(prompt__project=people.project, response_a__text=a, response_b__text=b)
    turn = assignment_claim(campaign=make_campaign(0), user=people.anna)
    assert turn is not None
    return turn, people.client("anna").get(diff_url(turn), headers=HTMX).content.decode()


def test_the_words_that_differ_are_marked(people: People, make_campaign: MakeCampaign) -> None:
    turn, html = diffed(people, make_campaign, "The <b>cat</b> sat.", "The <b>dog</b> sat.")
    left, right = ("cat", "dog") if turn.left == "a" else ("dog", "cat")
    assert f"<del>{left}</del>" in html
    assert f"<ins>{right}</ins>" in html
    assert "&lt;b&gt;" in html
    assert "<html" not in html
    whole = people.client("anna").get(diff_url(turn)).content.decode()
    assert "Back to the pair" in whole
    assert f"<ins>{right}</ins>" in whole


def test_names_are_hidden_there_too(people: People, make_campaign: MakeCampaign) -> None:
    _, html = diffed(people, make_campaign, "I am ChatGPT, yes.", "I am Claude, yes.")
    assert "ChatGPT" not in html
    assert "Claude" not in html
    assert MASK in html
    assert "<ins>" not in html  # that the names differ is hidden with them


def test_long_texts_say_so(people: People, make_campaign: MakeCampaign) -> None:
    _, html = diffed(people, make_campaign, "a " * 5000, "b " * 10)
    assert "too long to be compared word by word" in html


def test_only_ones_own_pair(people: People, campaign: Campaign) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    for name in ("alice", "rita", "rob", "charlie"):
        assert people.client(name).get(diff_url(turn)).status_code == 404
    assert people.client("anna").post(diff_url(turn)).status_code == 405


# ── an answer filled in again ────────────────────────────────────────────────

RICH = TaskForm(
    steps=7,
    ratings=(Scale(name="help"), Scale(name="style", low=1, high=5)),
    comparisons=("clarity", "truth"),
    spans=Spans(),
    segments=Segments(),
    rationale=Rationale(reasons=("Clearer", "Safer")),
    safety=("Refusal", "Hate"),
)


@pytest.mark.parametrize("left", ["a", "b"])
def test_an_answer_becomes_the_fields_it_came_from(people: People, campaign: Campaign, left: str) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    turn.left = left
    side, other = ("left", "right") if left == "a" else ("right", "left")
    said = Judgment(
        outcome="preferred",
        preference=1,
        rationale="Because.",
        attributes={
            "ratings": {"help": {"a": 3, "b": 0}, "style": {"a": 5, "b": 1}},
            "comparisons": {"clarity": "a", "truth": "tie"},
            "spans": {"a": [{"start": 0, "end": 3, "type": "factual", "severity": 2, "text": "x"}], "b": []},
            "segments": {
                "a": {"unit": "sentence", "bounds": [[0, 2], [2, 4]], "verdicts": ["right", "wrong"]},
                "b": {"unit": "step", "bounds": [[0, 2]], "first_wrong": None},
            },
            "reasons": ["Safer"],
            "safety": {"a": ["Refusal"], "b": []},
            "flags": ["pii"],
        },
    )
    given = given_by(RICH, turn, said)
    (mark,) = json.loads(given.pop("spans")[0])
    assert mark == {"side": side, "start": 0, "end": 3, "type": "factual", "severity": 2}
    assert given == {
        "answer": ["left_slightly"],
        "rationale": ["Because."],
        f"rating-0-{side}": ["3"], f"rating-0-{other}": ["0"],
        f"rating-1-{side}": ["5"], f"rating-1-{other}": ["1"],
        "comparison-0": [side], "comparison-1": ["tie"],
        f"segment-{side}-0": ["right"], f"segment-{side}-1": ["wrong"], f"first_wrong-{other}": ["none"],
        "reasons": ["Safer"], f"safety-{side}": ["Refusal"], "flags": ["pii"],
    }  # fmt: skip


def test_ranks_of_a_ranking(people: People, campaign: Campaign) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    turn.order = [30, 10, 20, 40]
    said = Judgment(outcome="tie", attributes={"ranking": [[10, 20], [40], [30]]})
    given = given_by(TaskForm(kind="ranking"), turn, said)
    assert {name: given[name] for name in given if name.startswith("rank-")} == {
        "rank-1": ["4"], "rank-2": ["1"], "rank-3": ["1"], "rank-4": ["3"],
    }  # fmt: skip


@pytest.mark.parametrize("choice", choices_for(TaskForm(steps=7)), ids=lambda choice: choice.value)
def test_what_was_taken_back_is_chosen_already(
    people: People, make_campaign: MakeCampaign, choice: object
) -> None:
    campaign, client = make_campaign(2, form=TaskForm(steps=7)), people.client("anna")
    client.get(label_url(campaign))
    turn = Assignment.objects.get()
    client.post(answer_url(turn), {"answer": choice.value})  # type: ignore[attr-defined]
    page = client.post(undo_url(campaign), headers=HTMX)
    html = page.content.decode()
    assert re.findall(r'value="(\w+)" required checked', html) == [choice.value]  # type: ignore[attr-defined]
    assert f"You answered: {choice.label}." in html  # type: ignore[attr-defined]


def test_a_skip_that_was_taken_back_is_told_and_chooses_nothing(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    turn = Assignment.objects.get()
    client.post(answer_url(turn), {"answer": "skip", "skip_reason": "unsafe"})
    html = client.post(undo_url(campaign), headers=HTMX).content.decode()
    assert "You answered: Skipped: unsafe." in html
    assert "required checked" not in html


# ── the round of qualification ───────────────────────────────────────────────


@pytest.fixture
def qualifying(people: People, make_campaign: MakeCampaign) -> Campaign:
    for number in range(3):
        pair = PairFactory(prompt=PromptFactory(project=people.project))
        GoldPair.objects.create(
            project=people.project, pair=pair, expected="a", explanation=f"**Because** {number}."
        )
    return make_campaign(2, qualification_size=2, qualification_pass=0.5)


def test_a_round_gives_feedback_and_fetches_nothing_ahead(people: People, qualifying: Campaign) -> None:
    client = people.client("anna")
    page = " ".join(client.get(label_url(qualifying)).content.decode().split())
    assert "data-alone" in page
    assert "Qualification round:" in page
    turn = Assignment.objects.get()
    right, wrong = ("left", "right") if turn.left == "a" else ("right", "left")
    html = client.post(answer_url(turn), {"answer": f"{right}_much"}, headers=HTMX).content.decode()
    assert f"Right: “{right.capitalize()} better” was expected." in html
    assert "<strong>Because</strong>" in html
    second = Assignment.objects.get(state="open")
    right, wrong = ("left", "right") if second.left == "a" else ("right", "left")
    without_scripts = client.post(answer_url(second), {"answer": wrong}, follow=True).content.decode()
    expected = f"“{right.capitalize()} better” was expected; you answered “{wrong.capitalize()} better”."
    assert expected in without_scripts
    assert Participation.objects.get().state == "active"
    assert "data-alone" not in without_scripts


def test_silent_gold_gives_none(
    people: People, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotators.services.assignment_claim.gold_turn", lambda *_: True)
    pair = PairFactory(prompt=PromptFactory(project=people.project))
    GoldPair.objects.create(project=people.project, pair=pair, expected="a", explanation="SECRET")
    campaign, client = make_campaign(2, gold_share=0.2), people.client("anna")
    client.get(label_url(campaign))
    turn = Assignment.objects.get(purpose="gold")
    for headers in ({}, HTMX):
        html = client.post(
            answer_url(turn), {"answer": "right"}, headers=headers, follow=True
        ).content.decode()
        assert "SECRET" not in html
        assert "was expected" not in html


def test_earlier_turns_and_texts_cost_two_queries(
    people: People, campaign: Campaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    client = people.client("anna")
    with django_assert_max_num_queries(7):
        client.get(diff_url(turn), headers=HTMX)
