"""Gold pairs: marked, spread, counted, retired."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from annotators.answers import Answer
from annotators.errors import GoldError
from annotators.models import Assignment, Campaign, CampaignPair, GoldPair
from annotators.services.assignment_claim import assignment_claim
from annotators.services.gold_manage import gold_add, gold_restore, gold_retire
from annotators.services.gold_spread import gold_spread
from annotators.services.gold_unanimous import gold_from_unanimous
from annotators.services.label_submit import label_submit
from curation.models import Pair, User
from curation.services.rater_exclude import rater_exclude
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import (
    JudgmentFactory,
    MembershipFactory,
    PairFactory,
    PromptFactory,
    UserFactory,
    person_rater,
)

pytestmark = pytest.mark.django_db

URL = "/p/helpfulness/gold/"


def make_pair(people: People, **prompt: object) -> Pair:
    return PairFactory(prompt=PromptFactory(project=people.project, **prompt))


def mark(people: People, pair: Pair, expected: str = "a", **fields: str) -> GoldPair:
    return gold_add(project=people.project, pair=pair, expected=expected, user=people.rita, **fields)


def answer_gold(campaign: Campaign, user: User, says: str) -> Assignment:
    """Answer the person's next turn, which must check them: `a`, `b`, `tie` or `both_bad`."""
    turn = assignment_claim(campaign=campaign, user=user)
    assert turn is not None
    assert turn.campaign_pair.gold_id is not None
    towards_left = 2 if turn.left == says else -2
    answer = Answer("preferred", towards_left) if says in {"a", "b"} else Answer(says)
    label_submit(assignment_id=turn.pk, user=user, answer=answer)
    return turn


def test_it_works(people: People) -> None:
    pair = make_pair(people)
    client = people.client("rita")
    assert "Mark as gold" in client.get(f"/p/helpfulness/pairs/{pair.pk}/").content.decode()
    form = client.get(f"/p/helpfulness/pairs/{pair.pk}/gold/").content.decode()
    assert pair.response_a.text in form
    client.post(f"/p/helpfulness/pairs/{pair.pk}/gold/", {"expected": "b", "explanation": "B answers."})
    gold = GoldPair.objects.get()
    assert (gold.pair, gold.expected, gold.source, gold.created_by) == (pair, "b", "hand", people.rita)
    assert "Gold: Response B is better" in client.get(f"/p/helpfulness/pairs/{pair.pk}/").content.decode()
    page = client.get(URL).content.decode()
    assert "Response B is better" in page
    assert "B answers." in page


def test_a_pair_is_gold_once(people: People) -> None:
    pair = make_pair(people)
    gold = mark(people, pair)
    with pytest.raises(GoldError, match="gold already"):
        mark(people, pair, "b")
    page = people.client("rita").post(f"/p/helpfulness/pairs/{pair.pk}/gold/", {"expected": "b"})
    assert "gold already" in page.content.decode()
    gold_retire(gold=gold)
    again = mark(people, pair, "b")
    with pytest.raises(GoldError, match="gold already"):
        gold_restore(gold=gold)
    assert list(GoldPair.objects.filter(retired_at=None)) == [again]


def test_retiring_is_undone_with_one_press(people: People) -> None:
    gold = mark(people, make_pair(people))
    client = people.client("rita")
    client.post(f"{URL}{gold.pk}/retire/")
    gold.refresh_from_db()
    assert gold.retired_at is not None
    assert "Use it again" in client.get(f"{URL}{gold.pk}/").content.decode()
    client.post(f"{URL}{gold.pk}/restore/")
    assert GoldPair.objects.get().retired_at is None
    again = client.post(f"{URL}{gold.pk}/restore/", follow=True).content.decode()
    assert "in use already; nothing was changed" in again


def test_a_decision_is_proposed_and_named_as_the_source(people: People) -> None:
    pair = make_pair(people)
    rob = person_rater(people.rob, people.project)
    JudgmentFactory(pair=pair, rater=rob, left="b", preference=3, source="adjudicated")
    url = f"/p/helpfulness/pairs/{pair.pk}/gold/"
    page = people.client("rita").get(url)
    assert "A reviewer decided this pair" in page.content.decode()
    assert page.context["form"]["expected"].value() == "b"
    people.client("rita").post(url, {"expected": "b"})
    assert GoldPair.objects.get().source == "adjudicated"


def test_unanimous_answers_become_gold(people: People) -> None:
    raters = [person_rater(UserFactory(), people.project) for _ in range(3)]
    alike, split, few, bad = (make_pair(people) for _ in range(4))
    for rater in raters:
        JudgmentFactory(pair=alike, rater=rater, left="b", preference=-1)
        JudgmentFactory(pair=split, rater=rater, preference=1 if rater is raters[0] else -1)
        JudgmentFactory(pair=bad, rater=rater, outcome="both_bad", preference=None)
    JudgmentFactory(
        pair=alike, rater=person_rater(people.rob, people.project), outcome="skip", preference=None
    )
    for rater in raters[:2]:
        JudgmentFactory(pair=few, rater=rater)
    people.client("rita").post(f"{URL}unanimous/", {"min_people": 3, "limit": 10})
    assert dict(GoldPair.objects.values_list("pair", "expected")) == {alike.pk: "a", bad.pk: "both_bad"}
    assert set(GoldPair.objects.values_list("source", flat=True)) == {"unanimous"}
    page = people.client("rita").post(f"{URL}unanimous/", {"min_people": 3, "limit": 10}, follow=True)
    assert "No pair qualifies" in page.content.decode()
    rater_exclude(rater=raters[0], user=people.rita, reason="Guesses")
    assert gold_from_unanimous(project=people.project, user=people.rita, min_people=2, limit=1) == 1
    assert GoldPair.objects.filter(pair=split, expected="b").exists()


def test_bulk_limits_are_checked(people: People) -> None:
    page = people.client("rita").post(f"{URL}unanimous/", {"min_people": 1, "limit": 5}, follow=True)
    assert "at least 2 people" in page.content.decode()
    with pytest.raises(GoldError):
        gold_from_unanimous(project=people.project, user=people.rita, min_people=1, limit=5)


def test_new_gold_reaches_campaigns_that_mix_gold_in(people: People, make_campaign: MakeCampaign) -> None:
    first = mark(people, make_pair(people))
    mixing = make_campaign(2, gold_share=0.2)
    plain = make_campaign(0)
    queued = CampaignPair.objects.filter(campaign=mixing, gold=None).first()
    assert queued is not None
    new = mark(people, make_pair(people))
    placed = mark(people, queued.pair)
    assert set(mixing.campaign_pairs.exclude(gold=None).values_list("gold", flat=True)) == {first.pk, new.pk}
    assert not plain.campaign_pairs.exclude(gold=None).exists()
    queued.refresh_from_db()
    assert queued.gold is None
    assert gold_spread(project=people.project) == 0
    assert placed.retired_at is None


def test_gold_that_replaces_retired_gold_takes_its_answers(
    people: People, make_campaign: MakeCampaign
) -> None:
    wrong = mark(people, make_pair(people), "a")
    mark(people, make_pair(people), "a")
    campaign = make_campaign(1, qualification_size=2)
    first = answer_gold(campaign, people.anna, "b")
    gold = first.campaign_pair.gold
    assert gold is not None
    gold_retire(gold=gold)
    right = mark(people, gold.pair, "b")
    counted = GoldPair.objects.with_counts().get(pk=right.pk)
    assert (counted.n_answered, counted.n_right) == (1, 1)
    assert GoldPair.objects.with_counts().get(pk=gold.pk).n_answered == 0
    assert wrong.project == people.project


def test_a_pair_that_most_miss_is_suspect(people: People, make_campaign: MakeCampaign) -> None:
    gold = mark(people, make_pair(people), "a")
    campaign = make_campaign(1, qualification_size=1, qualification_pass=0)
    for says in ("b", "b", "tie"):
        user = UserFactory()
        MembershipFactory(project=people.project, user=user)
        answer_gold(campaign, user, says)
    page = people.client("rita").get(URL).content.decode()
    assert "Suspect: most miss it" in page
    listed = people.client("rita").get(f"{URL}?state=suspect").context["page"].object_list
    assert [(row.pk, row.n_answered, row.n_right) for row in listed] == [(gold.pk, 3, 0)]
    detail = people.client("rita").get(f"{URL}{gold.pk}/").content.decode()
    assert detail.count(">Wrong<") == 3
    answer_gold(campaign, people.anna, "a")
    answer_gold(campaign, people.rob, "a")
    answer_gold(campaign, people.alice, "a")
    assert not GoldPair.objects.with_counts().get().is_suspect


def test_the_list_costs_the_same_for_one_row_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    mark(people, make_pair(people))
    client = people.client("rita")
    for n_more in (0, 3):
        for _ in range(n_more):
            mark(people, make_pair(people))
        with django_assert_max_num_queries(8):
            assert client.get(URL).status_code == 200


def test_states_narrow_the_list(people: People) -> None:
    kept, retired = mark(people, make_pair(people)), mark(people, make_pair(people))
    gold_retire(gold=retired)
    client = people.client("rita")
    for state, wanted in {
        "": {kept, retired},
        "current": {kept},
        "retired": {retired},
        "odd": {kept, retired},
    }.items():
        assert set(client.get(f"{URL}?state={state}").context["page"].object_list) == wanted
    assert set(client.get(f"{URL}?pair={kept.pair_id}").context["page"].object_list) == {kept}


def test_empty_states_say_what_to_do(people: People) -> None:
    client = people.client("rita")
    assert "Mark as gold" in client.get(URL).content.decode()
    assert "Show all gold pairs" in client.get(f"{URL}?state=retired").content.decode()


def test_gold_of_another_project_is_not_found(people: People) -> None:
    gold = mark(people, make_pair(people))
    theirs = people.charlie.projects.get()
    foreign = PairFactory(prompt=PromptFactory(project=theirs))
    assert people.client("charlie").get(f"/p/elsewhere/gold/{gold.pk}/").status_code == 404
    for path in (f"gold/{gold.pk}/retire/", f"gold/{gold.pk}/restore/"):
        assert people.client("charlie").post(f"/p/elsewhere/{path}").status_code == 404
    assert people.client("rita").get(f"/p/helpfulness/pairs/{foreign.pk}/gold/").status_code == 404
