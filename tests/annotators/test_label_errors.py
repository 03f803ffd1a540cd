"""Every way an answer can come wrong has one clear answer, and none records anything twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from annotators.models import Assignment, Campaign, Participation
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_pause
from curation.models import Judgment
from tests.annotators.conftest import MakeCampaign, answer_url, label_url, undo_url
from tests.conftest import People

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(people: People) -> Client:
    return people.client("anna")


@pytest.fixture
def turn(people: People, campaign: Campaign) -> Assignment:
    claimed = assignment_claim(campaign=campaign, user=people.anna)
    assert claimed is not None
    return claimed


def said(response: Any) -> tuple[str, str]:
    """(outcome, what the person is told)"""
    html = response.content.decode()
    outcome, notice = (html.split(f'data-{name}="')[1].split('"')[0] for name in ("outcome", "notice"))
    return outcome, notice


def test_twice(client: Client, turn: Assignment) -> None:
    first = client.post(answer_url(turn), {"answer": "left", "turn": "1"}, headers=HTMX)
    again = client.post(answer_url(turn), {"answer": "left", "turn": "1"}, headers=HTMX)
    assert said(first) == ("recorded", "Recorded: left better.")
    assert said(again) == ("already", "Your answer to that pair was already recorded; nothing was changed.")
    assert Judgment.objects.count() == 1


def test_from_a_second_tab(people: People, client: Client, campaign: Campaign, turn: Assignment) -> None:
    other = people.client("anna")
    client.get(label_url(campaign))
    other.get(label_url(campaign))
    client.post(answer_url(turn), {"answer": "left", "turn": "1"}, headers=HTMX)
    told = other.post(answer_url(turn), {"answer": "right", "turn": "1"}, headers=HTMX)
    assert said(told)[0] == "already"
    assert Judgment.objects.get().preference == 2


def test_with_an_expired_lease(people: People, client: Client, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert assignment_claim(campaign=campaign, user=people.rob) is not None
        outcome, words = said(client.post(answer_url(turn), {"answer": "tie", "turn": "1"}, headers=HTMX))
    assert outcome == "refused"
    assert "given to someone else" in words
    assert not Judgment.objects.exists()


def test_for_anothers_assignment(people: People, turn: Assignment) -> None:
    for name in ("alice", "rita", "rob", "charlie"):
        assert people.client(name).post(answer_url(turn), {"answer": "tie"}, headers=HTMX).status_code == 404
    assert not Judgment.objects.exists()


def test_after_a_pause(client: Client, campaign: Campaign, turn: Assignment) -> None:
    campaign_pause(campaign=campaign)
    response = client.post(answer_url(turn), {"answer": "tie", "turn": "1"}, headers=HTMX)
    assert said(response)[0] == "refused"
    assert "This campaign is paused" in said(response)[1]
    assert not Judgment.objects.exists()


def test_after_the_person_was_paused(client: Client, campaign: Campaign, turn: Assignment) -> None:
    Participation.objects.update(state="paused", paused_at=timezone.now())
    outcome, words = said(client.post(answer_url(turn), {"answer": "tie"}, headers=HTMX))
    assert outcome == "refused"
    assert "Your work in this campaign is paused" in words


@pytest.mark.parametrize(
    "answer", ["", "left_extremely", "4", "-9", "withdrawn", "a", "left_slightly", "x" * 5000]
)
def test_out_of_range(client: Client, turn: Assignment, answer: str) -> None:
    response = client.post(answer_url(turn), {"answer": answer, "rationale": "kept"}, headers=HTMX)
    assert response.status_code == 400
    assert said(response)[0] == "invalid"
    assert answer_url(turn) in response.content.decode()  # the same pair, filled in as it was
    assert response.context["given"]["rationale"] == ["kept"]
    assert response.context["parts_error"]
    assert not Judgment.objects.exists()


def test_a_wrong_answer_shows_its_own_pair_even_with_another_taken_back(
    people: People, client: Client, campaign: Campaign, turn: Assignment
) -> None:
    client.post(answer_url(turn), {"answer": "tie"})
    second = assignment_claim(campaign=campaign, user=people.anna)
    assert second is not None
    client.post(undo_url(campaign))
    for headers in ({}, HTMX):
        html = client.post(answer_url(second), {"answer": "nonsense"}, headers=headers).content.decode()
        assert answer_url(second) in html


def test_of_a_stale_turn(client: Client, campaign: Campaign, turn: Assignment) -> None:
    client.post(answer_url(turn), {"answer": "left", "turn": "1"}, headers=HTMX)
    client.post(undo_url(campaign), headers=HTMX)
    late = client.post(answer_url(turn), {"answer": "left", "turn": "1"}, headers=HTMX)
    assert said(late)[0] == "refused"
    assert "before you took the pair back" in said(late)[1]
    assert Judgment.objects.filter(outcome="withdrawn").count() == 1
    again = client.post(answer_url(turn), {"answer": "right", "turn": "2"}, headers=HTMX)
    assert said(again)[0] == "recorded"


def test_nothing_to_take_back(client: Client, campaign: Campaign) -> None:
    outcome, words = said(client.post(undo_url(campaign), headers=HTMX))
    assert outcome == "refused"
    assert "no answer of yours to take back" in words


def test_of_a_campaign_for_named_people(people: People, client: Client, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, invited_only=True)
    assert "for named people" in client.get(label_url(campaign)).content.decode()
    assert "Nothing is open for you" in client.get("/p/helpfulness/work/").content.decode()


def test_a_logged_out_browser_is_sent_to_log_in_and_back(
    people: People, campaign: Campaign, turn: Assignment
) -> None:
    visitor = people.client("anonymous")
    for response in (visitor.get(label_url(campaign)), visitor.post(answer_url(turn), headers=HTMX)):
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/?next=/p/helpfulness/label/")
