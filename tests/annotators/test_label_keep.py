"""Holding on to a turn: its lease is renewed while the page is open, and what is filled in is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from annotators.models import Assignment, Campaign
from annotators.services.assignment_claim import assignment_claim, leases_expire
from annotators.services.assignment_keep import MAX_DRAFT_BYTES
from annotators.services.campaign_manage import campaign_pause
from curation.models import Judgment
from tests.annotators.conftest import MakeCampaign, answer_url, keep_url, label_url, next_url, undo_url
from tests.conftest import People

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(people: People, campaign: Campaign) -> Assignment:
    claimed = assignment_claim(campaign=campaign, user=people.anna)
    assert claimed is not None
    return Assignment.objects.get(pk=claimed.pk)


def test_it_works(people: People, campaign: Campaign, turn: Assignment) -> None:
    client = people.client("anna")
    client.get(next_url(campaign, turn.pk))
    with time_machine.travel(timezone.now() + timedelta(seconds=campaign.lease_seconds - 10)):
        assert client.post(keep_url(turn), {"turn": "1"}).status_code == 204
        leases = list(Assignment.objects.values_list("leased_until", flat=True))
        soonest = timezone.now() + timedelta(seconds=campaign.lease_seconds - 5)
        assert len(leases) == 2
        assert all(lease > soonest for lease in leases)


def test_a_draft_is_kept_and_comes_back(people: People, campaign: Campaign, turn: Assignment) -> None:
    draft = {"answer": ["left"], "reasons": ["a", "b"], "rationale": ["“ü” \n"]}
    client = people.client("anna")
    assert client.post(keep_url(turn), {"draft": json.dumps(draft)}).status_code == 204
    assert client.post(keep_url(turn), {}).status_code == 204  # a heartbeat leaves it
    response = people.client("anna").get(label_url(campaign))
    assert response.context["given"] == draft
    assert 'value="left" required checked' in response.content.decode()
    client.post(answer_url(turn), {"answer": "left"})
    turn.refresh_from_db()
    assert turn.draft is None


def test_an_emptied_draft_is_none(people: People, turn: Assignment) -> None:
    client = people.client("anna")
    client.post(keep_url(turn), {"draft": '{"rationale": ["x"]}'})
    client.post(keep_url(turn), {"draft": "{}"})
    turn.refresh_from_db()
    assert turn.draft is None


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ("[" * 60_000, "cannot be read"),
        ("[]", "a list of texts for each field"),
        ('{"answer": "left"}', "a list of texts for each field"),
        ('{"answer": [1]}', "a list of texts for each field"),
        ('{"answer": ["\\u0000"]}', "a list of texts for each field"),
        (
            json.dumps({"rationale": ["é" * (MAX_DRAFT_BYTES // 2)]}, ensure_ascii=False),
            "longer than the 64 kB",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_nonsense_is_refused_in_words(people: People, turn: Assignment, draft: str, words: str) -> None:
    response = people.client("anna").post(keep_url(turn), {"draft": draft})
    assert response.status_code == 400
    assert words in response.content.decode()
    turn.refresh_from_db()
    assert turn.draft is None


def test_only_ones_own(people: People, turn: Assignment) -> None:
    for name in ("alice", "rob", "charlie"):
        assert people.client(name).post(keep_url(turn)).status_code == 404
    assert people.client("anna").get(keep_url(turn)).status_code == 405


def test_what_is_no_longer_mine_is_told(people: People, campaign: Campaign, turn: Assignment) -> None:
    client = people.client("anna")
    with time_machine.travel(timezone.now() + timedelta(seconds=campaign.lease_seconds + 1)):
        leases_expire(campaign=campaign)
        lost = client.post(keep_url(turn), {"turn": "1", "draft": '{"answer": ["tie"]}'})
    assert lost.status_code == 409
    assert "no longer reserved for you" in lost.content.decode()
    turn.refresh_from_db()
    assert (turn.state, turn.draft) == ("expired", None)


def test_a_lease_that_ran_out_unneeded_is_renewed(
    people: People, campaign: Campaign, turn: Assignment
) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        assert people.client("anna").post(keep_url(turn)).status_code == 204
        turn.refresh_from_db()
        assert turn.leased_until > timezone.now()


def test_an_answered_or_reopened_turn_takes_no_late_draft(
    people: People, campaign: Campaign, turn: Assignment
) -> None:
    client = people.client("anna")
    late = {"turn": "1", "draft": '{"answer": ["tie"]}'}
    client.post(answer_url(turn), {"answer": "left"})
    assert client.post(keep_url(turn), late).status_code == 409
    client.post(undo_url(campaign))
    assert client.post(keep_url(turn), late).status_code == 409
    assert client.post(keep_url(turn), {**late, "turn": "2"}).status_code == 204


def test_a_pause_keeps_the_draft_and_lets_the_lease_run_out(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(2)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    campaign_pause(campaign=campaign)
    assert people.client("anna").post(keep_url(turn), {"draft": '{"answer": ["tie"]}'}).status_code == 204
    kept = Assignment.objects.get()
    assert (kept.leased_until, kept.draft) == (turn.leased_until, {"answer": ["tie"]})
    assert not Judgment.objects.exists()
