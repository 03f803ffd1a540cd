"""Turns held ahead, balanced sides, gold in between, one more person where people disagree."""

from __future__ import annotations

from collections import Counter

import pytest

from annotators.answers import Answer
from annotators.errors import LabelError
from annotators.models import Assignment, Campaign, CampaignPair, GoldPair, Participation
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from annotators.services.label_undo import label_undo
from curation.models import Judgment, Pair, User
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import MembershipFactory, PairFactory, PromptFactory, UserFactory

pytestmark = pytest.mark.django_db

TIE = Answer("tie")


def preferring(side: str, turn: Assignment, strength: int = 2) -> Answer:
    """An answer that prefers response `a` or `b`, wherever it is shown."""
    return Answer("preferred", strength if turn.left == side else -strength)


def take(campaign: Campaign, user: User, have: int | None = None) -> Assignment:
    turn = assignment_claim(campaign=campaign, user=user, have=have)
    assert turn is not None
    return turn


def answer_all(campaign: Campaign, user: User, side: str = "a") -> list[Assignment]:
    turns = []
    while (turn := assignment_claim(campaign=campaign, user=user)) is not None:
        label_submit(assignment_id=turn.pk, user=user, answer=preferring(side, turn))
        turns.append(turn)
    return turns


def newcomer(people: People) -> User:
    return MembershipFactory(project=people.project, user=UserFactory()).user


def gold_pairs(people: People, n: int, expected: str = "a") -> list[GoldPair]:
    pairs = [PairFactory(prompt=PromptFactory(project=people.project)) for _ in range(n)]
    return [GoldPair.objects.create(project=people.project, pair=pair, expected=expected) for pair in pairs]


# ── ahead ────────────────────────────────────────────────────────────────────


def test_it_works(people: People, campaign: Campaign) -> None:
    first = take(campaign, people.anna)
    second = take(campaign, people.anna, have=first.pk)
    assert second.pk != first.pk
    assert take(campaign, people.anna) == first
    label_submit(assignment_id=first.pk, user=people.anna, answer=TIE)
    third = take(campaign, people.anna, have=second.pk)
    assert third.pk not in {first.pk, second.pk}
    assert take(campaign, people.anna) == second


def test_nobody_holds_more_than_two(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(6)
    held = take(campaign, people.anna)
    for _ in range(6):
        held = take(campaign, people.anna, have=held.pk)
    assert Assignment.objects.filter(annotator=people.anna, state="open").count() == 2


def test_a_pair_taken_back_comes_before_the_one_held_ahead(people: People, campaign: Campaign) -> None:
    first = take(campaign, people.anna)
    second = take(campaign, people.anna, have=first.pk)
    label_submit(assignment_id=first.pk, user=people.anna, answer=TIE)
    label_undo(campaign=campaign, user=people.anna)
    assert take(campaign, people.anna) == first
    assert take(campaign, people.anna, have=first.pk) == second


def test_an_answer_from_before_the_undo_is_refused(people: People, campaign: Campaign) -> None:
    turn = take(campaign, people.anna)
    label_submit(assignment_id=turn.pk, user=people.anna, answer=TIE, turn=turn.turn)
    label_undo(campaign=campaign, user=people.anna)
    with pytest.raises(LabelError, match="before you took the pair back"):
        label_submit(assignment_id=turn.pk, user=people.anna, answer=TIE, turn=turn.turn)
    label_submit(assignment_id=turn.pk, user=people.anna, answer=TIE, turn=turn.turn + 1)


def test_twenty_answers_can_be_taken_back_and_no_more(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(22)
    answer_all(campaign, people.anna)
    for _ in range(20):
        label_undo(campaign=campaign, user=people.anna)
    with pytest.raises(LabelError, match="took back 20 answers already"):
        label_undo(campaign=campaign, user=people.anna)
    assert Participation.objects.get(user=people.anna).n_answered == 2


# ── who may ──────────────────────────────────────────────────────────────────


def test_a_campaign_of_named_people_takes_nobody_else(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, invited_only=True, participants=[people.rob])
    assert assignment_claim(campaign=campaign, user=people.rob) is not None
    with pytest.raises(LabelError, match="for named people"):
        assignment_claim(campaign=campaign, user=people.anna)


def test_a_paused_person_gets_and_gives_nothing(people: People, campaign: Campaign) -> None:
    turn = take(campaign, people.anna)
    Participation.objects.update(state="paused", paused_at="2026-01-01T00:00:00Z")
    with pytest.raises(LabelError, match="is paused"):
        assignment_claim(campaign=campaign, user=people.anna)
    with pytest.raises(LabelError, match="is paused"):
        label_submit(assignment_id=turn.pk, user=people.anna, answer=TIE)
    assert not Judgment.objects.exists()


# ── balance ──────────────────────────────────────────────────────────────────


def test_sides_are_balanced_on_each_pair_and_for_each_person(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(8, overlap=4)
    crowd = [newcomer(people) for _ in range(4)]
    for user in crowd:
        answer_all(campaign, user)
    for queued in campaign.campaign_pairs.all():
        assert Counter(queued.assignments.values_list("left", flat=True)) == {"a": 2, "b": 2}
    for standing in Participation.objects.all():
        mine = Assignment.objects.filter(annotator=standing.user)
        assert standing.n_opened == mine.count() == 8
        assert standing.n_left_a == mine.filter(left="a").count()


# ── gold ─────────────────────────────────────────────────────────────────────


def test_gold_is_mixed_in_and_takes_no_slot(people: People, make_campaign: MakeCampaign) -> None:
    gold_pairs(people, 4)
    campaign = make_campaign(12, gold_share=0.25)
    assert campaign.n_pairs == 12
    turns = answer_all(campaign, people.anna)
    purposes = [turn.purpose for turn in turns]
    assert (purposes.count("main"), purposes.count("gold")) == (12, 4)
    assert [purposes[block : block + 4].count("gold") for block in (0, 4, 8, 12)] == [1, 1, 1, 1]
    assert {turn.slot for turn in turns if turn.purpose == "gold"} == {None}
    assert Assignment.objects.all().gold_checked().filter(hit=True).count() == 4


def test_every_person_meets_the_gold_in_an_order_of_their_own(
    people: People, make_campaign: MakeCampaign
) -> None:
    gold_pairs(people, 6)
    campaign = make_campaign(12, overlap=5, gold_share=0.5)
    orders = set()
    for _ in range(5):
        turns = answer_all(campaign, newcomer(people))
        orders.add(tuple(turn.pair_id for turn in turns if turn.purpose == "gold"))
    assert len(orders) > 1


def test_gold_expects_the_response_wherever_it_stood(people: People, make_campaign: MakeCampaign) -> None:
    for expected in ("a", "b", "tie", "both_bad"):
        gold_pairs(people, 1, expected)
    campaign = make_campaign(4, gold_share=0.5)
    for side, right in (("a", {"a"}), ("b", {"b"})):
        user = newcomer(people)
        answer_all(Campaign.objects.get(pk=campaign.pk), user, side)
        campaign.campaign_pairs.filter(gold=None).update(slots_left=1, overlap=3)
        checked = Assignment.objects.filter(annotator=user).gold_checked()
        hits = checked.filter(hit=True).values_list("campaign_pair__gold__expected", flat=True)
        assert set(hits) == right
        assert checked.count() == 4


@pytest.mark.parametrize(("side", "state"), [("a", "active"), ("b", "failed")])
def test_a_qualification_round(people: People, make_campaign: MakeCampaign, side: str, state: str) -> None:
    gold_pairs(people, 3)
    campaign = make_campaign(2, qualification_size=3)
    for _ in range(3):
        turn = take(campaign, people.anna)
        assert turn.purpose == "qualification"
        label_submit(assignment_id=turn.pk, user=people.anna, answer=preferring(side, turn))
    assert Participation.objects.get(user=people.anna).state == state
    if state == "active":
        assert take(campaign, people.anna).purpose == "main"
    else:
        with pytest.raises(LabelError, match="did not reach the pass mark"):
            assignment_claim(campaign=campaign, user=people.anna)


# ── disagreement ─────────────────────────────────────────────────────────────


def test_one_more_is_asked_where_people_disagree_up_to_the_cap(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(2, overlap=2, overlap_cap=3)
    disputed, _ = Pair.objects.order_by("pk")
    for user, side in ((people.anna, "a"), (people.rob, "b")):
        while (turn := assignment_claim(campaign=campaign, user=user)) is not None:
            chosen = side if turn.pair == disputed else "a"
            label_submit(assignment_id=turn.pk, user=user, answer=preferring(chosen, turn))
    overlaps = dict(CampaignPair.objects.values_list("pair_id", "overlap"))
    assert sorted(overlaps.values()) == [2, 3]
    assert overlaps[disputed.pk] == 3
    turn = take(campaign, people.rita)
    assert turn.pair == disputed
    label_submit(assignment_id=turn.pk, user=people.rita, answer=preferring("b", turn))
    queued = CampaignPair.objects.get(pair=disputed)
    assert (queued.overlap, queued.slots_left, queued.review) == (3, 0, "open")
    assert queued.disagreement == pytest.approx((4 / 6 + 4 / 6) / 3)
    assert assignment_claim(campaign=campaign, user=people.alice) is None


def test_an_undo_makes_the_disagreement_unknown_again(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, overlap=2)
    for user, side in ((people.anna, "a"), (people.rob, "b")):
        answer_all(campaign, user, side)
    assert CampaignPair.objects.get().review == "open"
    label_undo(campaign=campaign, user=people.rob)
    queued = CampaignPair.objects.get()
    assert (queued.review, queued.disagreement, queued.slots_left) == ("", None, 0)


def test_rushed_answers_are_counted(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1)
    turn = take(campaign, people.anna)
    label_submit(assignment_id=turn.pk, user=people.anna, answer=Answer("tie", visible_ms=100))
    queued = CampaignPair.objects.get()
    assert (queued.n_rushed, queued.review, queued.disagreement) == (1, "open", 0.0)
