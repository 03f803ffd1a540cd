"""Changing a campaign that exists, and closing one with pairs open."""

from __future__ import annotations

from typing import Any

import pytest

from annotators.errors import CampaignError
from annotators.forms import CampaignEditForm
from annotators.models import Assignment, Campaign, GoldPair
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_close, campaign_start
from annotators.services.campaign_update import campaign_update
from annotators.services.label_submit import label_submit
from annotators.task_form import TaskForm
from tests.annotators.campaign_data import LEFT, posted
from tests.annotators.conftest import MakeCampaign, answer_url, label_url
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

pytestmark = pytest.mark.django_db


def save(people: People, campaign: Campaign, **changed: Any) -> Any:
    fields = {**posted(CampaignEditForm(campaign=campaign)), **changed}
    sent = {name: value for name, value in fields.items() if value is not False}
    response = people.client("rita").post(f"/p/helpfulness/campaigns/{campaign.pk}/edit/", sent)
    campaign.refresh_from_db()
    return response


def test_it_works(people: People, campaign: Campaign) -> None:
    page = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/edit/").content.decode()
    assert "What is fixed, and why" in page
    answer = save(
        people, campaign, name="Better", overlap_cap=3, lease_seconds=60, daily_goal=30, mask_words="Zed",
        break_after_minutes="", names_shown="on",
    )  # fmt: skip
    assert answer.status_code == 302
    assert [
        campaign.name, campaign.overlap_cap, campaign.lease_seconds, campaign.daily_goal, campaign.mask_words,
        campaign.break_after_minutes, campaign.names_shown, campaign.state,
    ] == ["Better", 3, 60, 30, "Zed", None, True, "running"]  # fmt: skip


def test_saving_untouched_changes_nothing(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(overlap=2, overlap_cap=4, invited_only=True, participants=[people.anna])
    before = Campaign.objects.filter(pk=campaign.pk).values().get()
    assert save(people, campaign).status_code == 302
    assert Campaign.objects.filter(pk=campaign.pk).values().get() == before
    assert [person.user for person in campaign.participations.all()] == [people.anna]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"name": "Taken"}, "name", "already has a campaign"),
        ({"overlap_cap": 3}, "overlap_cap", "can only go up from 4"),
        ({"overlap_cap": ""}, "overlap_cap", "can only go up from 4"),
        ({"overlap_cap": 12}, "overlap_cap", "less than or equal to 9"),
        ({"lease_seconds": 1}, "lease_seconds", "greater than or equal to 10"),
        ({"gold_share": "5"}, "gold_share", "no gold pair that this campaign could mix in"),
        ({"who": "chosen"}, "participants", "Choose at least one person"),
    ],
)
def test_mistakes_stand_beside_their_field(
    people: People, make_campaign: MakeCampaign, changed: dict[str, Any], field: str, words: str
) -> None:
    make_campaign(1, name="Taken")
    campaign = make_campaign(overlap=2, overlap_cap=4)
    before = Campaign.objects.filter(pk=campaign.pk).values().get()
    response = save(people, campaign, **changed)
    assert response.status_code == 200
    assert words in " ".join(response.context["form"].errors[field])
    assert Campaign.objects.filter(pk=campaign.pk).values().get() == before


def test_the_service_refuses_what_the_form_would(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(overlap=3)
    for changes in ({"overlap_cap": 2}, {"overlap_cap": 10}, {"lease_seconds": 1}, {"gold_share": 0.6}):
        with pytest.raises(CampaignError):
            campaign_update(campaign=campaign, **changes)


def test_a_ranking_offers_no_gold(people: People, make_campaign: MakeCampaign) -> None:
    prompt = PromptFactory(project=people.project)
    PairFactory(prompt=prompt)
    PairFactory(prompt=prompt)
    campaign = make_campaign(0, form=TaskForm(kind="ranking"))
    assert "gold_share" not in CampaignEditForm(campaign=campaign).fields
    assert save(people, campaign, name="Renamed").status_code == 302
    with pytest.raises(CampaignError, match="ranking"):
        campaign_update(campaign=campaign, gold_share=0.1)


def test_gold_is_brought_in_but_never_taken_from_the_queue(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(2)
    queued = campaign.campaign_pairs.first()
    assert queued is not None
    outside = PairFactory(prompt=PromptFactory(project=people.project))
    for pair in (queued.pair, outside):
        GoldPair.objects.create(project=people.project, pair=pair, expected="a")
    assert save(people, campaign, gold_share="10").status_code == 302
    assert campaign.gold_share == 0.1
    assert [row.pair for row in campaign.campaign_pairs.filter(gold__isnull=False)] == [outside]
    save(people, campaign, gold_share="20")
    assert campaign.campaign_pairs.count() == 3


def test_people_join_and_leave_until_they_have_begun(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(invited_only=True, participants=[people.anna, people.rob])
    assignment_claim(campaign=campaign, user=people.anna)
    form = CampaignEditForm(campaign=campaign)
    offered = {pk for pk, _ in form.fields["participants"].choices}  # type: ignore[attr-defined]
    assert offered == {people.alice.pk, people.rita.pk, people.rob.pk}
    save(people, campaign, participants=[people.rita.pk])
    assert {person.user for person in campaign.participations.all()} == {people.anna, people.rita}
    assert people.client("rob").get(label_url(campaign)).status_code == 200
    assert "for named people" in people.client("rob").get(label_url(campaign)).content.decode()
    save(people, campaign, who="everyone")
    assert assignment_claim(campaign=campaign, user=people.rob) is not None


def test_closing_takes_open_pairs_back_and_people_are_told(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(2, overlap=2)
    done = assignment_claim(campaign=campaign, user=people.anna)
    assert done is not None
    label_submit(assignment_id=done.pk, user=people.anna, answer=LEFT)
    held = assignment_claim(campaign=campaign, user=people.anna)
    assignment_claim(campaign=campaign, user=people.rob)
    assert held is not None
    assert sorted(campaign.campaign_pairs.values_list("slots_left", flat=True)) == [0, 1]
    people.client("rita").post(f"/p/helpfulness/campaigns/{campaign.pk}/close/")
    states = sorted(Assignment.objects.values_list("state", flat=True))
    assert states == ["done", "expired", "expired"]
    assert sorted(campaign.campaign_pairs.values_list("slots_left", flat=True)) == [1, 2]
    client = people.client("anna")
    told = client.post(answer_url(held), {"answer": "tie", "turn": held.turn}, follow=True).content.decode()
    assert "This campaign is closed. Answers are no longer taken." in told
    assert Assignment.objects.filter(state="done").count() == 1
    page = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/").content.decode()
    assert "Pairs that were open when it was closed were taken back." in page


def test_a_reopened_campaign_gives_the_same_pair_with_the_same_sides(
    people: People, campaign: Campaign
) -> None:
    held = assignment_claim(campaign=campaign, user=people.anna)
    assert held is not None
    campaign_close(campaign=campaign)
    campaign_start(campaign=campaign)
    again = assignment_claim(campaign=campaign, user=people.anna)
    assert again is not None
    assert (again.pk, again.left, again.turn) == (held.pk, held.left, held.turn + 1)
