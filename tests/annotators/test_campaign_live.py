"""The live page of a campaign, and the list."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotators.answers import Answer
from annotators.live import RECENT, live_context
from annotators.models import Assignment, Campaign, CampaignPair, GoldPair, QualityReport
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_close, campaign_pause
from annotators.services.label_undo import label_undo
from tests.annotators.campaign_data import LEFT, RIGHT, TIE, answer_all
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import MembershipFactory, PairFactory, PromptFactory

pytestmark = pytest.mark.django_db


def live(campaign: Campaign) -> dict[str, Any]:
    return live_context(campaign, timezone.now(), names={})


def page(people: People, campaign: Campaign, who: str = "rita", **headers: str) -> str:
    url = f"/p/helpfulness/campaigns/{campaign.pk}/"
    return people.client(who).get(url, headers=headers).content.decode()


def test_it_works(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(3, overlap=2)
    answer_all(campaign, people.anna, LEFT, TIE)
    assignment_claim(campaign=campaign, user=people.rob)
    found = live(campaign)
    assert (found["n_done"], found["n_slots"], found["n_open"]) == (2, 6, 1)
    text = page(people, campaign)
    assert "2 of 6" in text
    assert "by 1 person" in text
    assert "anna" in text
    assert f"answers/?person={people.anna.pk}" in text


def slots_by_hand(campaign: Campaign) -> tuple[int, int]:
    """(asked for, given), counted row by row."""
    queue = campaign.campaign_pairs.filter(gold=None)
    done = Assignment.objects.filter(campaign=campaign, state="done", slot__isnull=False)
    return sum(pair.overlap for pair in queue), done.count()


def test_progress_is_what_the_rows_say(people: People, make_campaign: MakeCampaign) -> None:
    gold = PairFactory(prompt=PromptFactory(project=people.project))
    GoldPair.objects.create(project=people.project, pair=gold, expected="a")
    campaign = make_campaign(4, overlap=2, overlap_cap=3, qualification_size=1, qualification_pass=0.0)
    answer_all(campaign, people.anna, LEFT, LEFT, RIGHT)
    answer_all(campaign, people.rob, LEFT, RIGHT, RIGHT, TIE)
    label_undo(campaign=campaign, user=people.rob)
    campaign.campaign_pairs.filter(gold=None, position=4).update(overlap=3, slots_left=3)
    progress = Campaign.objects.with_progress().get()
    assert (progress.n_slots, progress.n_done) == slots_by_hand(campaign)
    assert progress.n_raised == campaign.campaign_pairs.filter(gold=None, overlap=3).count() > 0
    checks = Assignment.objects.filter(campaign=campaign, state="done").exclude(purpose="main")
    assert checks.count() == 2


def test_raised_pairs_and_review_lead_to_their_rows(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=1, overlap_cap=2)
    answer_all(campaign, people.anna, LEFT, LEFT)
    first, second = campaign.campaign_pairs.all()
    CampaignPair.objects.filter(pk=first.pk).update(overlap=2, slots_left=1, review="")
    CampaignPair.objects.filter(pk=second.pk).update(review="open", disagreement=1.0)
    text = page(people, campaign)
    assert 'answers/?raised=on">1</a> pair' in text
    assert re.search(r"Waiting for review</dt><dd><a href=\"[^\"]+\">1</a>", text)
    for filter_, pair in (("raised", first.pair), ("differs", second.pair)):
        rows = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/answers/?{filter_}=on")
        assert [row.pair for row, _ in rows.context["rows"]] == [pair]


def test_the_fragment_asks_again_only_while_running(people: People, campaign: Campaign) -> None:
    asks = 'hx-trigger="refresh"'
    assert asks in page(people, campaign)
    fragment = page(people, campaign, **{"HX-Request": "true"})
    assert asks in fragment
    assert "<html" not in fragment
    campaign_pause(campaign=campaign)
    assert asks not in page(people, campaign, **{"HX-Request": "true"})
    campaign_close(campaign=campaign)
    assert asks not in page(people, campaign)


def test_the_finish_is_foretold_with_its_basis(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(4)
    assert "The pace and a forecast appear with the first ones" in page(people, campaign)
    answer_all(campaign, people.anna, LEFT, LEFT)
    Assignment.objects.filter(state="done").update(answered_at=timezone.now() - timedelta(hours=2))
    text = page(people, campaign)
    assert "At the pace since the first answer it is finished" in text
    assert "2 answers" in text
    answer_all(campaign, people.anna, LEFT, LEFT)
    assert "Every answer is in." in page(people, campaign)


def test_old_answers_make_no_forecast(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, LEFT)
    Assignment.objects.filter(state="done").update(answered_at=timezone.now() - timedelta(days=20))
    assert "No forecast: no answer in the last 14 days." in page(people, campaign)


def test_both_arms_stand_side_by_side(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=2, order="uncertainty", control_share=0.5)
    assert "beside the control arm" not in page(people, make_campaign(1))
    first, second = campaign.campaign_pairs.order_by("position")
    CampaignPair.objects.filter(pk=first.pk).update(control=False)
    CampaignPair.objects.filter(pk=second.pk).update(control=True)
    answer_all(campaign, people.anna, LEFT, TIE)
    sides = dict(Assignment.objects.values_list("campaign_pair_id", "left"))
    turn = assignment_claim(campaign=campaign, user=people.rob)
    assert turn is not None
    opposite = RIGHT if turn.left == sides[turn.campaign_pair_id] else LEFT
    answer_all(campaign, people.rob, opposite, TIE)
    uncertain, control = live(campaign)["arms"]
    assert (uncertain["arm"].flips.share, uncertain["arm"].ties.share) == (1.0, 0.0)
    assert (control["arm"].flips.share, control["arm"].ties.share) == (0.0, 1.0)
    text = page(people, campaign)
    assert "answers/?arm=control" in text
    rows = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/answers/?arm=control")
    assert {row.campaign_pair_id for row, _ in rows.context["rows"]} == {second.pk}


@pytest.mark.parametrize(
    ("report", "shown"),
    [
        ({"overall": {"alpha_nominal": {"value": 0.512, "low": 0.4, "high": 0.6}}}, "0.51"),
        ({"overall": {"alpha_nominal": 0.512}}, "0.51"),
        ({"overall": {"alpha_nominal": None}}, "not measured yet"),
        ({"overall": "?"}, "not measured yet"),
        ({}, "not measured yet"),
    ],
)
def test_agreement_comes_from_the_newest_report(
    people: People, campaign: Campaign, report: dict[str, object], shown: str
) -> None:
    QualityReport.objects.create(
        project=people.project, campaign=campaign, state="done", report=report, finished_at=timezone.now()
    )
    assert shown in page(people, campaign)


def test_reviewers_see_names_only_where_they_may(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, Answer("preferred", 2, rationale="Because."))
    answers = f"/p/helpfulness/campaigns/{campaign.pk}/answers/"
    for path in (answers, f"/p/helpfulness/campaigns/{campaign.pk}/"):
        reviewer = people.client("rob").get(path).content.decode()
        assert "Person 1" in reviewer
        assert "anna" not in reviewer
        assert f"person={people.anna.pk}" not in reviewer
        assert "anna" in people.client("rita").get(path).content.decode()
    singled_out = people.client("rob").get(f"{answers}?person={people.rita.pk}")
    assert len(singled_out.context["rows"]) == 1
    Campaign.objects.update(names_shown=True)
    assert "anna" in people.client("rob").get(answers).content.decode()


def test_only_the_newest_answers_are_read(
    people: People, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(4)
    answer_all(campaign, people.anna, LEFT, TIE, TIE, TIE)
    assert RECENT > 1000
    monkeypatch.setattr("annotators.live.RECENT", 3)
    text = page(people, campaign)
    assert "Of the newest 3." in text
    assert "Left better" not in text


def test_the_list_shows_people_and_the_last_answer(people: People, make_campaign: MakeCampaign) -> None:
    quiet, busy = make_campaign(1), make_campaign(2, overlap=2, overlap_cap=3)
    answer_all(busy, people.anna, LEFT)
    rows = {campaign.pk: campaign for campaign in Campaign.objects.with_progress().with_activity()}
    assert (rows[quiet.pk].n_people, rows[quiet.pk].last_at) == (0, None)
    assert (rows[busy.pk].n_people, rows[busy.pk].n_done) == (1, 1)
    assert rows[busy.pk].last_at is not None
    text = people.client("rob").get("/p/helpfulness/campaigns/").content.decode()
    assert "2 to 3" in text
    assert "none yet" in text


def test_an_empty_list_says_what_to_do(people: People) -> None:
    assert (
        "Make the first campaign" in people.client("rita").get("/p/helpfulness/campaigns/").content.decode()
    )
    assert (
        "A researcher of this project"
        in people.client("rob").get("/p/helpfulness/campaigns/").content.decode()
    )


def test_the_page_costs_the_same_for_few_rows_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(12, overlap=3, order="uncertainty")
    client = people.client("rita")
    url = f"/p/helpfulness/campaigns/{campaign.pk}/"
    for n_people in (1, 4):
        for _ in range(n_people):
            person = MembershipFactory(project=people.project).user
            answer_all(campaign, person, *[LEFT] * 3 * n_people)
        with django_assert_max_num_queries(20):
            assert client.get(url).status_code == 200
        with django_assert_max_num_queries(20):
            assert client.get(url, headers={"HX-Request": "true"}).status_code == 200


def test_the_preview_records_nothing(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, started=False)
    url = f"/p/helpfulness/campaigns/{campaign.pk}/preview/"
    text = people.client("rita").get(url).content.decode()
    first, second = campaign.campaign_pairs.order_by("position")
    assert first.pair.response_a.text in text
    assert "Left much better" in text
    assert second.pair.response_a.text in people.client("rita").get(f"{url}?pair=2").content.decode()
    assert people.client("rita").get(f"{url}?pair=oops").status_code == 200
    assert not Assignment.objects.exists()
    assert not campaign.participations.exists()
    for name in ("rob", "anna", "charlie"):
        assert people.client(name).get(url).status_code == 404
