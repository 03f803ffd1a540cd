"""Many real connections at once: overlap stays exact and nobody meets a pair twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from annotators.answers import Answer
from annotators.errors import AlreadyAnsweredError
from annotators.models import Assignment, Campaign, CampaignPair
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from curation.models import Judgment, User
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import MembershipFactory, UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 16
TIE = Answer("tie")


def crowd(people: People) -> list[User]:
    return [MembershipFactory(project=people.project, user=UserFactory()).user for _ in range(THREADS)]


def test_sixteen_people_answer_everything_exactly_overlap_times(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(12, overlap=3, seed=1)

    def label_all(user: User) -> int:
        answered = 0
        while (turn := assignment_claim(campaign=campaign, user=user)) is not None:
            label_submit(assignment_id=turn.pk, user=user, answer=TIE)
            answered += 1
        return answered

    answered = together([partial(label_all, user) for user in crowd(people)])
    assert sum(answered) == 36
    done = list(Assignment.objects.filter(state="done").values_list("pair_id", "annotator_id"))
    assert set(Counter(pair for pair, _ in done).values()) == {3}
    assert len(done) == len(set(done)) == Judgment.objects.count() == 36
    assert set(CampaignPair.objects.values_list("slots_left", flat=True)) == {0}


def test_the_last_slots_are_all_found(people: People, make_campaign: MakeCampaign) -> None:
    """As many slots as people on very few pairs: a locked row is not mistaken for a full one."""
    campaign = make_campaign(2, overlap=8)
    turns = together([partial(assignment_claim, campaign=campaign, user=user) for user in crowd(people)])
    assert all(turn is not None for turn in turns)
    assert sorted(Assignment.objects.values_list("campaign_pair__position", "slot")) == [
        (position, slot) for position in (1, 2) for slot in range(1, 9)
    ]


def test_one_person_in_many_tabs_gets_one_pair(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(5)
    turns = together([lambda: assignment_claim(campaign=campaign, user=people.anna)] * 8)
    assert len({turn.pk for turn in turns if turn is not None}) == 1
    assert Assignment.objects.count() == 1


def test_of_many_submissions_one_wins_and_the_others_are_told(people: People, campaign: Campaign) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None

    def submit() -> str:
        try:
            label_submit(assignment_id=turn.pk, user=people.anna, answer=TIE)
        except AlreadyAnsweredError:
            return "told"
        return "won"

    assert Counter(together([submit] * 8)) == {"won": 1, "told": 7}
    assert Judgment.objects.count() == 1


def test_leases_that_run_out_under_load_keep_the_count(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(4, overlap=4)
    first, second = crowd(people)[:8], crowd(people)[:8]
    for user in first:
        assignment_claim(campaign=campaign, user=user)
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    turns = together([partial(assignment_claim, campaign=campaign, user=user) for user in [*first, *second]])
    assert all(turn is not None for turn in turns)
    for row in CampaignPair.objects.all():
        assert row.slots_left == campaign.overlap - row.assignments.holding().count()
