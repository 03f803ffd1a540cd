"""The qualification round end to end, another try, and letting people in by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from annotators.answers import Answer
from annotators.errors import LabelError, ParticipationError
from annotators.models import Assignment, Campaign, GoldPair, Participation
from annotators.services.assignment_claim import assignment_claim, leases_expire
from annotators.services.gold_manage import gold_retire
from annotators.services.label_submit import label_submit
from annotators.services.participation_manage import (
    participation_admit,
    participation_pause,
    participation_resume,
    participation_retry,
)
from curation.models import Judgment, User
from tests.annotators.conftest import MakeCampaign
from tests.annotators.test_gold import answer_gold, make_pair, mark
from tests.conftest import People

pytestmark = pytest.mark.django_db


def qualifying(
    people: People, make_campaign: MakeCampaign, n_gold: int, size: int, **options: object
) -> Campaign:
    for _ in range(n_gold):
        mark(people, make_pair(people))
    return make_campaign(3, qualification_size=size, **options)


def standing_of(campaign: Campaign, user: User) -> Participation:
    return Participation.objects.select_related("campaign", "user").get(campaign=campaign, user=user)


def answer_main(campaign: Campaign, user: User) -> Assignment:
    turn = assignment_claim(campaign=campaign, user=user)
    assert turn is not None
    assert turn.purpose == "main"
    label_submit(assignment_id=turn.pk, user=user, answer=Answer("tie"))
    return turn


def test_whoever_passes_gets_the_campaigns_pairs(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 5, 4, qualification_pass=0.75)
    turns = [answer_gold(campaign, people.anna, says) for says in ("a", "a", "b", "a")]
    assert len({turn.pair_id for turn in turns}) == 4
    assert {turn.purpose for turn in turns} == {"qualification"}
    assert standing_of(campaign, people.anna).state == "active"
    answer_main(campaign, people.anna)


def test_whoever_fails_is_told_and_gets_nothing(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 2, 2)
    for says in ("a", "tie"):
        answer_gold(campaign, people.anna, says)
    assert standing_of(campaign, people.anna).state == "failed"
    with pytest.raises(LabelError, match="did not reach the pass mark"):
        assignment_claim(campaign=campaign, user=people.anna)


def test_a_skip_is_a_miss(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 1, 1)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    label_submit(assignment_id=turn.pk, user=people.anna, answer=Answer("skip", skip_reason="other"))
    assert standing_of(campaign, people.anna).state == "failed"


def test_a_round_is_as_long_as_there_is_gold(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 2, 5)
    for _ in range(2):
        answer_gold(campaign, people.anna, "a")
    assert standing_of(campaign, people.anna).state == "active"


def test_a_round_whose_last_gold_is_retired_ends_with_the_answers_it_has(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = qualifying(people, make_campaign, 3, 3)
    answer_gold(campaign, people.anna, "a")
    newcomer = people.rob
    assignment_claim(campaign=campaign, user=newcomer)
    met = Assignment.objects.filter(annotator=people.anna).values("pair")
    for gold in GoldPair.objects.exclude(pair__in=met):
        assert standing_of(campaign, people.anna).state == "qualifying"
        gold_retire(gold=gold)
    answer_main(campaign, people.anna)
    assert standing_of(campaign, newcomer).state == "qualifying"  # nothing to judge by yet


def test_a_turn_that_ran_out_comes_again(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 1, 1)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=True):
        assert leases_expire(campaign=campaign) == 1
        again = answer_gold(campaign, people.anna, "a")
    assert (again.pk, again.left) == (turn.pk, turn.left)
    assert standing_of(campaign, people.anna).state == "active"


def test_another_try_has_only_gold_that_was_not_met(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 3, 2)
    first = {answer_gold(campaign, people.anna, "b").pair_id for _ in range(2)}
    assert participation_retry(standing=standing_of(campaign, people.anna)) == 1
    turn = answer_gold(campaign, people.anna, "a")
    assert turn.pair_id not in first
    assert standing_of(campaign, people.anna).state == "active"  # the first round's misses do not count


def test_no_other_try_where_every_gold_pair_was_met(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 1, 1)
    answer_gold(campaign, people.anna, "b")
    with pytest.raises(ParticipationError, match="has met every gold pair"):
        participation_retry(standing=standing_of(campaign, people.anna))
    url = f"/p/helpfulness/campaigns/{campaign.pk}/people/{people.anna.pk}/retry/"
    assert "has met every gold pair" in people.client("rita").post(url, follow=True).content.decode()
    mark(people, make_pair(people))
    people.client("rita").post(url)
    assert standing_of(campaign, people.anna).state == "qualifying"
    answer_gold(campaign, people.anna, "a")
    assert standing_of(campaign, people.anna).state == "active"


def test_only_who_failed_gets_another_try(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 2, 1)
    answer_gold(campaign, people.anna, "a")
    with pytest.raises(ParticipationError, match="did not fail"):
        participation_retry(standing=standing_of(campaign, people.anna))


def test_let_in_by_hand(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 1, 1)
    answer_gold(campaign, people.anna, "b")
    url = f"/p/helpfulness/campaigns/{campaign.pk}/people/{people.anna.pk}/admit/"
    people.client("rita").post(url)
    answer_main(campaign, people.anna)
    with pytest.raises(ParticipationError, match="not waiting"):
        participation_admit(standing=standing_of(campaign, people.anna))


def test_a_pause_returns_open_work_and_refuses_what_is_on_its_way(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(1)
    mine = assignment_claim(campaign=campaign, user=people.anna)
    assert mine is not None
    assert assignment_claim(campaign=campaign, user=people.rob) is None
    url = f"/p/helpfulness/campaigns/{campaign.pk}/people/{people.anna.pk}/"
    page = people.client("rita").post(f"{url}pause/", {"reason": "Too fast"}, follow=True).content.decode()
    assert "1 open pair went back to the others" in page
    with pytest.raises(LabelError, match="is paused"):
        label_submit(assignment_id=mine.pk, user=people.anna, answer=Answer("tie"))
    with pytest.raises(LabelError, match="is paused"):
        assignment_claim(campaign=campaign, user=people.anna)
    theirs = assignment_claim(campaign=campaign, user=people.rob)
    assert theirs is not None
    label_submit(assignment_id=theirs.pk, user=people.rob, answer=Answer("tie"))
    people.client("rita").post(f"{url}resume/")
    assert standing_of(campaign, people.anna).state == "active"
    with pytest.raises(LabelError, match="given to someone else"):
        label_submit(assignment_id=mine.pk, user=people.anna, answer=Answer("tie"))
    assert Judgment.objects.count() == 1


def test_a_pause_says_why(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1)
    assignment_claim(campaign=campaign, user=people.anna)
    rita, url = (
        people.client("rita"),
        f"/p/helpfulness/campaigns/{campaign.pk}/people/{people.anna.pk}/pause/",
    )
    refused = rita.post(url, {"reason": "x" * 301}, follow=True).content.decode()
    assert "The reason is too long: 300 characters at most." in refused
    assert standing_of(campaign, people.anna).state == "active"
    page = rita.post(url, {"reason": "On leave until May"}, follow=True).content.decode()
    assert "1 open pair went back to the others" in page
    assert page.count("On leave until May") == 1


def test_a_pause_leaves_others_alone(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=2)
    assignment_claim(campaign=campaign, user=people.anna)
    theirs = assignment_claim(campaign=campaign, user=people.rob)
    assert theirs is not None
    assert participation_pause(standing=standing_of(campaign, people.anna)) == 1
    theirs.refresh_from_db()
    assert theirs.state == "open"
    assert sum(campaign.campaign_pairs.values_list("slots_left", flat=True)) == 3
    with pytest.raises(ParticipationError, match="paused already"):
        participation_pause(standing=standing_of(campaign, people.anna))


def test_a_round_goes_on_after_a_pause(people: People, make_campaign: MakeCampaign) -> None:
    campaign = qualifying(people, make_campaign, 2, 2)
    answer_gold(campaign, people.anna, "a")
    held = assignment_claim(campaign=campaign, user=people.anna)
    participation_pause(standing=standing_of(campaign, people.anna))
    participation_resume(standing=standing_of(campaign, people.anna))
    again = answer_gold(campaign, people.anna, "a")
    assert held is not None
    assert again.pk == held.pk
    assert standing_of(campaign, people.anna).state == "active"
    with pytest.raises(ParticipationError, match="not paused"):
        participation_resume(standing=standing_of(campaign, people.anna))


def test_standings_of_other_projects_are_not_found(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1)
    assignment_claim(campaign=campaign, user=people.anna)
    for act in ("pause", "resume", "retry", "admit"):
        path = f"campaigns/{campaign.pk}/people/{people.anna.pk}/{act}/"
        assert people.client("charlie").post(f"/p/elsewhere/{path}").status_code == 404
        assert (
            people.client("rita").post(f"/p/helpfulness/campaigns/{campaign.pk}/people/0/{act}/").status_code
            == 404
        )
