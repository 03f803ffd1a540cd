"""Pairs on which people disagree come to reviewers, who decide them or ask one more person."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from pytest_django import DjangoAssertNumQueries

from annotators.decisions import decisions_for
from annotators.errors import ReviewError
from annotators.models import Assignment, Campaign, CampaignPair, Review
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_close
from annotators.services.review_decide import review_decide
from annotators.services.review_reopen import review_reopen
from annotators.services.review_return import MAX_ASKED, review_return
from annotators.task_form import TaskForm
from curation.models import Judgment, User
from tests.annotators.answering import answer_all, answer_next
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import MembershipFactory, UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db

LIST = "/p/helpfulness/reviews/"
B_BETTER = {"answer": "right", "cause": "slip", "note": "A is wrong."}
CHOICES = {choice.value: choice for choice in decisions_for(TaskForm())}


@pytest.fixture
def bea(people: People) -> User:
    """A second annotator."""
    return MembershipFactory(project=people.project, user=UserFactory(username="bea")).user


@pytest.fixture
def campaign(people: People, make_campaign: MakeCampaign, bea: User) -> Campaign:
    """Two pairs, on both of which Anna and Bea disagree."""
    campaign = make_campaign(2, overlap=2, name="Round 1")
    answer_all(campaign, {people.anna: 2, bea: -2})
    return campaign


@pytest.fixture
def pair(campaign: Campaign) -> CampaignPair:
    return first(campaign)


def first(campaign: Campaign) -> CampaignPair:
    found: CampaignPair = ready(campaign).earliest("pk")
    return found


def ready(campaign: Campaign) -> QuerySet[CampaignPair]:
    """The campaign's pairs with what the services read."""
    return campaign.campaign_pairs.select_related("campaign__project", "pair__prompt")


def decide(pair: CampaignPair, user: User, answer: str = "left", cause: str = "slip") -> Review:
    return review_decide(campaign_pair=pair, user=user, choice=CHOICES[answer], cause=cause)


def url(pair: CampaignPair, act: str = "") -> str:
    return f"{LIST}{pair.pk}/{act}"


def test_it_works(people: People, campaign: Campaign, pair: CampaignPair) -> None:
    client = people.client("rob")
    of_campaign = client.get(f"/p/helpfulness/campaigns/{campaign.pk}/reviews/", follow=True)
    assert url(pair) in of_campaign.content.decode()
    assert url(pair) in client.get(LIST).content.decode()
    page = client.get(url(pair)).content.decode()
    for shown in ("A better", "B better", "Person 1", "Person 2", pair.pair.response_a.text):
        assert shown in page
    after = client.post(url(pair, "decide/"), B_BETTER)
    following = campaign.campaign_pairs.exclude(pk=pair.pk).get()
    assert after.headers["Location"] == url(following)
    judgment = Judgment.objects.get(source="adjudicated")
    assert (judgment.left, judgment.preference, judgment.rationale) == ("a", -2, "A is wrong.")
    assert judgment.rater.user == people.rob
    assert judgment.guideline == 1
    review = Review.objects.get()
    assert (review.cause, review.judgment, review.reviewer) == ("slip", judgment, people.rob)
    assert Judgment.objects.current().filter(source="campaign").count() == 4
    last = client.post(url(following, "decide/"), B_BETTER, follow=True)
    assert "Nothing waits for a reviewer" in last.content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 200), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, pair: CampaignPair, name: str, status: int) -> None:
    client = people.client(name)
    for path in (LIST, f"{LIST}summary/", url(pair)):
        assert client.get(path).status_code == status
    if status != 200:
        for act in ("decide/", "return/", "reopen/"):
            assert client.post(url(pair, act), B_BETTER).status_code == status
        assert not Review.objects.exists()


def test_another_projects_pair_is_not_found(people: People, make_campaign: MakeCampaign) -> None:
    theirs = first(make_campaign(1, project=people.charlie.projects.get()))
    for act in ("", "decide/", "return/", "reopen/"):
        assert people.client("alice").post(url(theirs, act), B_BETTER).status_code in {404, 405}
    assert people.client("alice").get(url(theirs)).status_code == 404


def test_names_are_the_campaigns_to_give(people: People, pair: CampaignPair) -> None:
    def names_in(name: str) -> bool:
        return "bea" in people.client(name).get(url(pair)).content.decode()

    assert [names_in(name) for name in ("alice", "rita", "rob")] == [True, True, False]
    Campaign.objects.update(names_shown=True)
    assert names_in("rob")


def test_the_queue_is_sorted_and_the_index_serves_it(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(4)
    rows = list(campaign.campaign_pairs.order_by("pk"))
    for row, (apart, rushed) in zip(rows, [(0.2, 9), (0.9, 0), (0.9, 2), (0.0, 1)], strict=True):
        CampaignPair.objects.filter(pk=row.pk).update(review="open", disagreement=apart, n_rushed=rushed)
    queue = CampaignPair.objects.filter(campaign=campaign).to_review()
    expected = [rows[2].pk, rows[1].pk, rows[0].pk, rows[3].pk]
    assert [row.pk for row in queue] == expected
    walked = [expected[0]]
    while (following := queue.after(queue.get(pk=walked[-1])).first()) is not None:
        walked.append(following.pk)
    assert walked == expected
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert "campaign_pair_to_review" in queue.explain()


def test_filters(people: People, campaign: Campaign, make_campaign: MakeCampaign) -> None:
    pair = first(campaign)
    pair.pair.prompt.category = "maths"
    pair.pair.prompt.save(update_fields=["category"])
    other = make_campaign(1, name="Round 2")
    client = people.client("rob")

    def shown(query: str) -> int:
        return len(client.get(f"{LIST}?{query}").context["page"].object_list)

    assert [shown(""), shown("category=maths"), shown("category=none"), shown(f"campaign={other.pk}")] == [
        2,
        1,
        0,
        0,
    ]
    assert "Show all that waits" in client.get(f"{LIST}?category=none").content.decode()
    decide(pair, people.rob)
    assert [shown("state=decided"), shown("state=decided&cause=slip"), shown("state=decided&cause=data")] == [
        1,
        1,
        0,
    ]
    assert [shown(""), shown("state=nonsense"), shown("campaign=nonsense")] == [1, 1, 1]


def test_next_keeps_the_filter(people: People, campaign: Campaign, pair: CampaignPair) -> None:
    answer = people.client("rob").post(f"{url(pair, 'decide/')}?campaign={campaign.pk}", B_BETTER)
    assert answer.headers["Location"].endswith(f"?campaign={campaign.pk}")


@pytest.mark.parametrize(
    "wrong", [{"answer": ""}, {"answer": "left_slightly"}, {"cause": ""}, {"cause": "mood"}]
)
def test_what_is_no_decision(people: People, pair: CampaignPair, wrong: dict[str, str]) -> None:
    answer = people.client("rob").post(url(pair, "decide/"), {**B_BETTER, **wrong})
    assert answer.status_code == 400
    assert 'class="error"' in answer.content.decode()
    assert not Review.objects.exists()


def test_a_second_decision_is_told_who_was_first(people: People, pair: CampaignPair) -> None:
    decide(pair, people.rita)
    page = people.client("rob").post(url(pair, "decide/"), B_BETTER, follow=True).content.decode()
    assert "rita has decided it already" in page
    with pytest.raises(ReviewError, match="You have decided it already"):
        decide(pair, people.rita)
    assert Judgment.objects.filter(source="adjudicated").count() == 1


def test_reopened_and_decided_again_is_one_chain(people: People, pair: CampaignPair) -> None:
    made = decide(pair, people.rob)
    client = people.client("rob")
    page = client.post(url(pair, "reopen/"), follow=True).content.decode()
    assert "not in force" in page
    pair.refresh_from_db()
    assert pair.review == "open"
    assert not Judgment.objects.current().filter(source="adjudicated").exists()
    with pytest.raises(ReviewError, match="taken back already"):
        review_reopen(review=made)
    again = decide(pair, people.rob, "right")
    chain = list(Judgment.objects.filter(source="adjudicated").order_by("pk"))
    assert [row.outcome for row in chain] == ["preferred", "withdrawn", "preferred"]
    assert [row.supersedes_id for row in chain] == [None, chain[0].pk, chain[1].pk]
    assert list(Review.objects.standing()) == [again]


def test_who_may_take_a_decision_back(people: People, pair: CampaignPair) -> None:
    decide(pair, people.alice)
    assert people.client("rob").post(url(pair, "reopen/")).status_code == 404
    assert people.client("rita").post(url(pair, "reopen/")).status_code == 302
    pair.refresh_from_db()
    assert pair.review == "open"


def test_reopening_leaves_a_later_decision_elsewhere_in_force(
    people: People, pair: CampaignPair, make_campaign: MakeCampaign, bea: User
) -> None:
    made = decide(pair, people.rob)
    elsewhere = first(make_campaign(0, overlap=2))
    CampaignPair.objects.filter(pk=elsewhere.pk).update(review="open", slots_left=0)
    assert elsewhere.pair_id == pair.pair_id
    later = decide(elsewhere, people.rob, "right")
    review_reopen(review=made)
    assert list(Judgment.objects.current().filter(source="adjudicated")) == [later.judgment]


def test_whoever_answered_it_does_not_decide_it_unless_an_owner(
    people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(1, overlap=2)
    answer_all(campaign, {people.rob: 2, people.alice: -2})
    pair = first(campaign)
    page = people.client("rob").get(url(pair)).content.decode()
    assert "You answered this pair yourself" in page
    assert 'id="decision"' not in page
    refused = people.client("rob").post(url(pair, "decide/"), B_BETTER, follow=True).content.decode()
    assert "left to another reviewer or an owner" in refused
    assert "You answered this pair yourself" in people.client("alice").get(url(pair)).content.decode()
    decide(pair, people.alice)


def test_one_more_person_brings_it_back(people: People, pair: CampaignPair, campaign: Campaign) -> None:
    page = people.client("rob").post(url(pair, "return/"), {"note": "Please look again."}, follow=True)
    assert "Sent to one more person" in page.content.decode()
    pair.refresh_from_db()
    assert (pair.review, pair.overlap, pair.slots_left) == ("returned", 3, 1)
    assert Review.objects.get().note == "Please look again."
    cleo = MembershipFactory(project=people.project, user=UserFactory(username="cleo")).user
    assert answer_next(campaign, cleo, 2).campaign_pair_id == pair.pk
    pair.refresh_from_db()
    assert (pair.review, pair.slots_left) == ("open", 0)
    assert "Person 3" in people.client("rob").get(url(pair)).content.decode()


def test_a_pair_that_was_sent_back_can_still_be_decided(
    people: People, pair: CampaignPair, campaign: Campaign
) -> None:
    review_return(campaign_pair=pair, user=people.rob)
    decide(pair, people.rob)
    pair.refresh_from_db()
    assert (pair.review, pair.overlap, pair.slots_left) == ("decided", 2, 0)
    cleo = MembershipFactory(project=people.project, user=UserFactory(username="cleo")).user
    assert assignment_claim(campaign=campaign, user=cleo) is None


def test_sending_back_is_refused_in_words(people: People, pair: CampaignPair, campaign: Campaign) -> None:
    cleo = MembershipFactory(project=people.project, user=UserFactory(username="cleo")).user
    CampaignPair.objects.filter(pk=pair.pk).update(overlap=MAX_ASKED)
    with pytest.raises(ReviewError, match="12 people were asked"):
        review_return(campaign_pair=pair, user=people.rob)
    CampaignPair.objects.filter(pk=pair.pk).update(overlap=2)
    review_return(campaign_pair=pair, user=people.rob)
    with pytest.raises(ReviewError, match="sent it to one more person already"):
        review_return(campaign_pair=pair, user=people.rita)
    Campaign.objects.filter(pk=campaign.pk).update(invited_only=True)
    second = campaign.campaign_pairs.select_related("campaign").exclude(pk=pair.pk).get()
    with pytest.raises(ReviewError, match="Nobody is left"):
        review_return(campaign_pair=second, user=people.rob)
    assert cleo.is_active
    campaign_close(campaign=campaign)
    closed = people.client("rob").post(url(second, "return/"), follow=True).content.decode()
    assert "is closed, so nobody can be asked" in closed


def test_a_pair_that_people_agree_on_again_does_not_wait(people: People, pair: CampaignPair) -> None:
    CampaignPair.objects.update(review="")
    with pytest.raises(ReviewError, match="somebody changed their answer"):
        decide(pair, people.rob)
    assert 'id="decision"' not in people.client("rob").get(url(pair)).content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins(people: People, pair: CampaignPair) -> None:
    def attempt(user: User) -> str:
        try:
            decide(first(pair.campaign), user)
        except ReviewError:
            return "told"
        return "won"

    work = [partial(attempt, user) for user in (people.rob, people.rita, people.alice)]
    assert Counter(together(work)) == {"won": 1, "told": 2}
    assert Judgment.objects.filter(source="adjudicated").count() == Review.objects.count() == 1


def test_rushed_answers_are_marked(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1)
    answer_next(campaign, people.anna, 2, visible_ms=300)
    pair = first(campaign)
    assert (pair.review, pair.n_rushed) == ("open", 1)
    assert "rushed" in people.client("rob").get(url(pair)).content.decode()


def test_rankings_are_shown_in_letters(people: People, pair: CampaignPair, campaign: Campaign) -> None:
    a, b = pair.pair.response_a_id, pair.pair.response_b_id
    CampaignPair.objects.filter(pk=pair.pk).update(responses=[a, b])
    said = Assignment.objects.filter(campaign_pair=pair).select_related("judgment").earliest("pk").judgment
    assert said is not None
    replaced = Judgment.objects.create(
        pair_id=said.pair_id, rater_id=said.rater_id, left="a", outcome="preferred", preference=-2,
        source="campaign", supersedes=said, attributes={"ranking": [[b], [a]], "reasons": ["Clearer"]},
    )  # fmt: skip
    Assignment.objects.filter(judgment=said).update(judgment=replaced)
    page = people.client("rob").get(url(pair)).content.decode()
    assert "B, then A" in page
    assert "Reasons" in page


def test_the_summary_counts_and_links(people: People, campaign: Campaign) -> None:
    for pair in ready(campaign):
        decide(pair, people.rob, "left")
    client = people.client("rita")
    page = client.get(f"{LIST}summary/").content.decode()
    bea = User.objects.get(username="bea")
    assert f"cause=slip&amp;person={bea.pk}" in page
    assert "anna" not in page  # she agrees with both decisions
    rows = client.get(f"{LIST}?state=decided&cause=slip&person={bea.pk}").context["page"].object_list
    assert len(rows) == 2
    hidden = people.client("rob").get(f"{LIST}summary/").content.decode()
    assert "bea" not in hidden
    assert "keep names from reviewers" in hidden
    assert not people.client("rob").get(f"{LIST}?state=decided&person={bea.pk}").context["page"].object_list


def test_empty_states(people: People) -> None:
    client = people.client("rob")
    assert "Nothing waits for a reviewer" in client.get(LIST).content.decode()
    assert "Nothing was reviewed yet" in client.get(f"{LIST}summary/").content.decode()


def test_query_budgets_do_not_grow(
    people: People,
    make_campaign: MakeCampaign,
    bea: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    campaign = make_campaign(6, overlap=3)
    answer_all(campaign, {people.anna: 2, bea: -2, people.rita: 1})
    client = people.client("rob")
    pair = first(campaign)
    budgets: dict[str, Any] = {LIST: 8, url(pair): 16}
    for path, budget in budgets.items():
        with django_assert_max_num_queries(budget):
            client.get(path)
    for each in ready(campaign).filter(pk__gt=pair.pk):
        decide(each, people.alice)
    for path, budget in {f"{LIST}?state=decided": 8, f"{LIST}summary/": 12}.items():
        with django_assert_max_num_queries(budget):
            client.get(path)
    assert campaign.campaign_pairs.filter(slots_left__lte=F("overlap")).count() == 6
