"""A person's own pages: what they answered, what they change, and their numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotators.algorithms.own_agreement import majority, own_agreement
from annotators.answers import Answer
from annotators.edit_page import opened_at, opened_token
from annotators.errors import LabelError
from annotators.me import agreement_with_others
from annotators.models import Assignment, Campaign, CampaignPair, GoldPair, Participation
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_close, campaign_pause
from annotators.services.label_revise import label_revise
from annotators.services.label_submit import label_submit
from annotators.services.label_undo import label_undo
from annotators.task_form import TaskForm
from curation.models import Judgment, Pair, User
from tests.annotators.answering import answer_all, answer_next, preference_answer
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import MembershipFactory, PairFactory, PromptFactory, UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db

HISTORY = "/p/helpfulness/work/history/"
ME = "/p/helpfulness/work/me/"


@pytest.fixture
def bea(people: People) -> User:
    return MembershipFactory(project=people.project, user=UserFactory(username="bea")).user


@pytest.fixture
def turn(people: People, make_campaign: MakeCampaign) -> Assignment:
    """Anna's answer in favour of response a."""
    return answer_next(make_campaign(2), people.anna, 2)


def edit_url(turn: Assignment) -> str:
    return f"/p/helpfulness/label/assignments/{turn.pk}/edit/"


def revise(turn: Assignment, user: User, towards_a: int, **fields: Any) -> Judgment:
    return label_revise(assignment_id=turn.pk, user=user, answer=preference_answer(turn, towards_a, **fields))


def test_it_works(people: People, turn: Assignment) -> None:
    client = people.client("anna")
    page = client.get(HISTORY).content.decode()
    assert turn.pair.prompt.preview in page
    assert turn.words in page
    assert edit_url(turn) in page
    answer = client.get(edit_url(turn))
    assert f'value="{"left" if turn.left == "a" else "right"}" required checked' in answer.content.decode()
    assert answer.context["given"]["answer"] == ["left" if turn.left == "a" else "right"]
    changed = client.post(edit_url(turn), {"answer": "tie", "opened": answer.context["opened"]}, follow=True)
    assert "Your answer to that pair is now: tie." in changed.content.decode()
    chain = list(Judgment.objects.order_by("pk"))
    assert [row.outcome for row in chain] == ["preferred", "tie"]
    assert chain[1].supersedes == chain[0]
    assert chain[1].duration_ms is not None
    after = Assignment.objects.get(pk=turn.pk)
    assert (after.state, after.judgment, after.answered_at) == ("done", chain[1], turn.answered_at)
    assert Participation.objects.get(user=people.anna).n_answered == 1


@pytest.mark.parametrize("name", ["alice", "rita", "rob", "charlie"])
def test_nobody_reaches_anothers_answer(people: People, turn: Assignment, name: str) -> None:
    client = people.client(name)
    assert client.get(edit_url(turn)).status_code == 404
    assert client.post(edit_url(turn), {"answer": "tie"}).status_code == 404
    assert turn.pair.prompt.preview not in client.get(HISTORY).content.decode()
    assert Judgment.objects.count() == 1


def test_every_member_has_their_own_pages(people: People) -> None:
    for path in (HISTORY, ME):
        for name, status in {"alice": 200, "anna": 200, "charlie": 404, "anonymous": 302}.items():
            assert people.client(name).get(path).status_code == status


def test_a_skip_becomes_an_answer_and_back(people: People, campaign: Campaign) -> None:
    taken = assignment_claim(campaign=campaign, user=people.anna)
    assert taken is not None
    label_submit(assignment_id=taken.pk, user=people.anna, answer=Answer("skip", skip_reason="language"))
    client = people.client("anna")
    page = client.get(edit_url(taken)).content.decode()
    assert '<option value="language" selected>' in page
    client.post(edit_url(taken), {"answer": "both_bad"})
    client.post(edit_url(taken), {"answer": "skip", "skip_reason": "unsafe"})
    said = [(row.outcome, row.skip_reason) for row in Judgment.objects.order_by("pk")]
    assert said == [("skip", "language"), ("both_bad", ""), ("skip", "unsafe")]
    assert Judgment.objects.current().count() == 1


def test_the_same_answer_again_is_no_new_row(people: People, turn: Assignment) -> None:
    revise(turn, people.anna, 2)
    assert Judgment.objects.count() == 1


@pytest.mark.parametrize("data", [{}, {"answer": "nonsense"}, {"answer": "skip"}], ids=str)
def test_what_is_no_answer(people: People, turn: Assignment, data: dict[str, str]) -> None:
    answer = people.client("anna").post(edit_url(turn), data)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert Judgment.objects.count() == 1


def test_the_other_parts_are_filled_in_and_changed(people: People, make_campaign: MakeCampaign) -> None:
    form = TaskForm.model_validate({"ratings": [{"name": "helpfulness"}], "rationale": {}})
    campaign = make_campaign(1, form=form)
    taken = assignment_claim(campaign=campaign, user=people.anna)
    assert taken is not None
    rated = {"helpfulness": {"a": 3, "b": 1}}
    given = preference_answer(taken, 2, attributes={"ratings": rated}, rationale="It is right.")
    label_submit(assignment_id=taken.pk, user=people.anna, answer=given)
    client = people.client("anna")
    page = client.get(edit_url(taken)).content.decode()
    assert "It is right." in page
    answer = {"answer": "tie", "rating-0-left": "2", "rating-0-right": "2", "rationale": "Alike."}
    assert client.post(edit_url(taken), answer).status_code == 302
    head = Judgment.objects.current().get()
    assert (head.outcome, head.rationale) == ("tie", "Alike.")
    assert head.attributes["ratings"] == {"helpfulness": {"a": 2, "b": 2}}
    assert client.post(edit_url(taken), {"answer": "tie"}).status_code == 400


def test_what_is_hidden_stays_hidden(people: People, make_campaign: MakeCampaign) -> None:
    PairFactory(prompt=PromptFactory(project=people.project), response_a__text="I am Zebra-9.")
    turn = answer_next(make_campaign(0, mask_words="Zebra-9"), people.anna, 2)
    page = people.client("anna").get(edit_url(turn)).content.decode()
    assert "I am" in page
    assert "Zebra" not in page


def close(campaign: Campaign, anna: User) -> str:
    campaign_close(campaign=campaign)
    return "This campaign is closed"


def pause(campaign: Campaign, anna: User) -> str:
    campaign_pause(campaign=campaign)
    return "This campaign is paused"


def take_back(campaign: Campaign, anna: User) -> str:
    label_undo(campaign=campaign, user=anna)
    return "You took this answer back"


def qualify(campaign: Campaign, anna: User) -> str:
    Assignment.objects.update(purpose="qualification", slot=None)
    return "Answers of a qualification round stay as they are"


@pytest.mark.parametrize("stop", [close, pause, take_back, qualify])
def test_what_cannot_be_changed_says_why(
    people: People, turn: Assignment, stop: Callable[[Campaign, User], str]
) -> None:
    words = stop(turn.campaign, people.anna)
    before = Judgment.objects.count()
    client = people.client("anna")
    page = client.get(edit_url(turn)).content.decode()
    assert words in page
    assert 'id="answer-form"' not in page
    assert words in client.post(edit_url(turn), {"answer": "tie"}, follow=True).content.decode()
    assert Judgment.objects.count() == before
    assert edit_url(turn) not in client.get(HISTORY).content.decode()


def test_a_person_who_is_paused_changes_nothing(people: People, turn: Assignment) -> None:
    Participation.objects.update(state="paused", paused_at=timezone.now())
    with pytest.raises(LabelError, match="is paused"):
        revise(turn, people.anna, -2)


def test_the_pair_is_measured_anew(people: People, make_campaign: MakeCampaign, bea: User) -> None:
    campaign = make_campaign(1, overlap=2)
    answer_next(campaign, people.anna, 2)
    theirs = answer_next(campaign, bea, -2)
    pair = CampaignPair.objects.get()
    assert (pair.review, pair.disagreement > 0) == ("open", True)  # type: ignore[operator]  # it is measured
    label_revise(
        assignment_id=theirs.pk,
        user=bea,
        answer=preference_answer(theirs, 2, visible_ms=100),
        opened_at=timezone.now(),
    )
    pair.refresh_from_db()
    # The correction took no time to read, and is not rushed for that.
    assert (pair.review, pair.disagreement, pair.n_rushed) == ("", 0.0, 0)


def test_what_a_ranking_implied_follows(people: People, make_campaign: MakeCampaign) -> None:
    prompt = PromptFactory(project=people.project)
    first = PairFactory(prompt=prompt)
    PairFactory(prompt=prompt, response_a=first.response_a)
    campaign = make_campaign(0, form=TaskForm(kind="ranking", ranking_size=3))
    taken = assignment_claim(campaign=campaign, user=people.anna)
    assert taken is not None
    assert taken.order is not None

    def ranked(order: list[int]) -> Answer:
        better_first = order.index(taken.pair.response_a_id) < order.index(taken.pair.response_b_id)
        towards_left = 2 if better_first == (taken.left == "a") else -2
        return Answer("preferred", towards_left, attributes={"ranking": [[pk] for pk in order]})

    label_submit(assignment_id=taken.pk, user=people.anna, answer=ranked(taken.order))
    page = people.client("anna").get(HISTORY).content.decode()
    assert "1, then 2, then 3" in page
    label_revise(assignment_id=taken.pk, user=people.anna, answer=ranked(taken.order[::-1]))
    standing = Judgment.objects.current()
    assert standing.count() == 3
    for said in standing.with_winner().select_related("pair"):
        a_first = taken.order.index(said.pair.response_a_id) > taken.order.index(said.pair.response_b_id)
        assert said.winner == ("a" if a_first else "b")


@pytest.mark.django_db(transaction=True)
def test_two_tabs_make_one_chain(people: People, turn: Assignment) -> None:
    together([partial(revise, turn, people.anna, towards) for towards in (-2, -3, 3, 0)])
    assert Judgment.objects.current().count() == 1
    head = Assignment.objects.get(pk=turn.pk).judgment
    assert Judgment.objects.current().get() == head


def test_time_claimed_is_bounded_by_the_clock(people: People, turn: Assignment) -> None:
    client = people.client("anna")
    token = client.get(edit_url(turn)).context["opened"]
    client.post(edit_url(turn), {"answer": "tie", "opened": token, "visible_ms": "3600000"})
    took = Judgment.objects.latest("pk").duration_ms
    assert took is not None
    assert took < 60_000
    client.post(edit_url(turn), {"answer": "both_bad", "opened": "forged", "visible_ms": "3600000"})
    assert Judgment.objects.latest("pk").duration_ms is None
    other = Assignment(pk=turn.pk + 1)
    assert opened_at(other, opened_token(turn)) is None
    assert opened_at(turn, signing.dumps([turn.pk, "never"], salt="elsewhere")) is None


def test_history_pages_and_filters(people: People, make_campaign: MakeCampaign) -> None:
    first = make_campaign(60, name="First")
    answer_all(first, {people.anna: 0})
    second = make_campaign(1, name="Second", seed=1)
    answer_next(second, people.anna, 2)
    client = people.client("anna")

    def rows(query: str = "") -> list[Any]:
        return list(client.get(f"{HISTORY}?{query}").context["rows"])

    page = client.get(HISTORY)
    assert len(page.context["rows"]) == 50
    older = rows(f"before={page.context['following']}".replace("+", "%2B"))
    seen = [row["assignment"].pk for row in [*page.context["rows"], *older]]
    assert len(set(seen)) == len(seen) == 61
    assert [row["assignment"].campaign.name for row in rows(f"campaign={second.pk}")] == ["Second"]
    assert len(rows("before=nonsense")) == 50
    assert rows("campaign=99999") == []
    assert "Nothing further back" in client.get(f"{HISTORY}?campaign=99999").content.decode()


def test_a_gold_pair_looks_like_any_other(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(3, overlap=2)
    for _ in range(3):
        answer_next(campaign, people.anna, 2)
    client = people.client("anna")

    def history() -> str:
        page = client.get(HISTORY).content.decode()
        return page[page.index("<main") :]

    before = history()
    hidden = Assignment.objects.latest("pk")
    gold = GoldPair.objects.create(project=people.project, pair=hidden.pair, expected="b")
    CampaignPair.objects.filter(pk=hidden.campaign_pair_id).update(gold=gold, position=None, slots_left=0)
    Assignment.objects.filter(pk=hidden.pk).update(purpose="gold", slot=None)
    assert history() == before
    page = client.get(edit_url(hidden)).content.decode()
    assert "gold" not in page.lower()
    assert client.post(edit_url(hidden), {"answer": "tie"}).status_code == 302


def test_own_numbers(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(3)
    with time_machine.travel(timezone.now() - timedelta(days=3)):
        answer_next(campaign, people.anna, 2)
    answer_next(campaign, people.anna, 2)
    answer = people.client("anna").get(ME)
    numbers = answer.context["numbers"]
    assert (numbers.answered, numbers.today, len(numbers.days)) == (2, 1, 2)
    assert numbers.seconds == pytest.approx(120, abs=1)
    assert numbers.pace == pytest.approx(60, abs=1)
    page = answer.content.decode()
    assert "<svg" in page
    assert "Not enough yet" in page
    assert "Nothing to count yet" in people.client("rob").get(ME).content.decode()


def test_agreement_counts_in_tens(people: People, make_campaign: MakeCampaign, bea: User) -> None:
    campaign = make_campaign(13, overlap=2)
    for number in range(13):
        answer_next(campaign, people.anna, 2)
        assert (agreement_with_others(people.project, people.anna) is None) == (number < 10)
        answer_next(campaign, bea, 2 if number else -2)
    found = agreement_with_others(people.project, people.anna)
    assert found is not None
    assert (found.agreed, found.n) == (9, 10)
    assert found.interval.low < 0.9 < found.interval.high
    page = people.client("anna").get(ME).content.decode()
    assert "90 %" in page
    assert "bea" not in page


def test_changing_an_answer_tells_nothing_about_the_others(
    people: People, make_campaign: MakeCampaign, bea: User
) -> None:
    campaign = make_campaign(10, overlap=2)
    answer_all(campaign, {people.anna: 2, bea: 2})
    before = agreement_with_others(people.project, people.anna)
    for turn in Assignment.objects.filter(annotator=people.anna).select_related("pair__prompt"):
        revise(turn, people.anna, -2)
        assert agreement_with_others(people.project, people.anna) == before
    label_undo(campaign=campaign, user=people.anna)
    answer_next(campaign, people.anna, -2)
    assert agreement_with_others(people.project, people.anna) == before


def test_gold_counts_by_the_same_rule(people: People, make_campaign: MakeCampaign, bea: User) -> None:
    """The figure is the same whether or not some of the pairs were gold."""
    campaign = make_campaign(10, overlap=2)
    answer_all(campaign, {people.anna: 2, bea: 2})
    before = agreement_with_others(people.project, people.anna)
    for pair in Pair.objects.all()[:4]:
        gold = GoldPair.objects.create(project=people.project, pair=pair, expected="b")
        CampaignPair.objects.filter(pair=pair).update(gold=gold, position=None, slots_left=0)
        Assignment.objects.filter(pair=pair).update(purpose="gold", slot=None)
    assert agreement_with_others(people.project, people.anna) == before is not None
    # Alone on a pair, gold or not, there is nobody to agree with, however often gold is met by others.
    Campaign.objects.update(overlap=1)
    assert agreement_with_others(people.project, people.anna) is None


def test_majorities() -> None:
    assert majority(["a", "a", "b"]) == "a"
    assert majority(["a", "b", "skip"]) is None
    assert majority(["skip"]) is None
    assert own_agreement({1: "a"}, {1: ["a"]}) is None
    mine = dict.fromkeys(range(12), "a") | {12: "skip"}
    found = own_agreement(mine, {item: ["a" if item < 5 else "tie"] for item in range(13)})
    assert found is not None
    assert (found.agreed, found.n, found.share) == (5, 10, 0.5)


def test_query_budgets_do_not_grow(
    people: People,
    make_campaign: MakeCampaign,
    bea: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    campaign = make_campaign(12, overlap=2)
    answer_all(campaign, {people.anna: 2, bea: -2})
    turn = Assignment.objects.filter(annotator=people.anna).latest("pk")
    client = people.client("anna")
    for path, budget in {HISTORY: 7, ME: 12, edit_url(turn): 7}.items():
        with django_assert_max_num_queries(budget):
            assert client.get(path).status_code == 200
    assert campaign.campaign_pairs.filter(slots_left__gt=F("overlap")).count() == 0
