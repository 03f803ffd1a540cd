"""The labelling page: one pair at a time, answered, skipped, undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from annotators.answers import choices_for
from annotators.models import Assignment, Campaign, CampaignPair
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_close, campaign_pause
from annotators.services.guideline_save import guideline_save
from annotators.task_form import TaskForm
from curation.models import Judgment
from tests.annotators.conftest import MakeCampaign, answer_url, label_url, undo_url
from tests.conftest import People
from tests.factories import MembershipFactory, PairFactory, PromptFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def open_turn(campaign: Campaign) -> Assignment:
    return Assignment.objects.get(campaign=campaign, state="open")


def told(response: Any) -> str:
    """The line about the person's own progress."""
    page = response.content.decode()
    start = page.index('<span class="muted">', page.index('id="progress"'))
    return " ".join(strip_tags(page[start : page.index("</div>", start)]).split())


def test_it_works(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    assert told(client.get(label_url(campaign))) == "0 of 3 answered by you · 3 left for you · today 0"
    turn = open_turn(campaign)
    page = client.post(answer_url(turn), {"answer": "left_much"}, headers=HTMX).content.decode()
    assert "<html" not in page
    assert "Recorded: left much better." in page
    assert told(client.get(label_url(campaign))) == "1 of 3 answered by you · 2 left for you · today 1"
    judgment = Judgment.objects.get()
    assert (judgment.source, judgment.outcome, judgment.preference) == ("campaign", "preferred", 3)
    assert (judgment.left, judgment.pair, judgment.rater.user) == (turn.left, turn.pair, people.anna)
    turn.refresh_from_db()
    assert (turn.state, turn.judgment) == ("done", judgment)


@pytest.mark.parametrize("choice", choices_for(TaskForm()), ids=lambda choice: choice.value)
def test_every_answer(people: People, campaign: Campaign, choice: object) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    client.post(answer_url(open_turn(campaign)), {"answer": choice.value})  # type: ignore[attr-defined]
    judgment = Judgment.objects.get()
    assert (judgment.outcome, judgment.preference) == (choice.outcome, choice.preference)  # type: ignore[attr-defined]


def test_without_javascript_an_answer_redirects_to_the_next_pair(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    response = client.post(answer_url(open_turn(campaign)), {"answer": "tie"}, follow=True)
    assert response.redirect_chain == [(label_url(campaign), 302)]
    assert "Recorded: tie." in response.content.decode()


def test_a_reload_shows_the_same_pair_and_sides(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    first = open_turn(campaign)
    for _ in range(8):
        page = client.get(label_url(campaign)).content.decode()
        again = open_turn(campaign)
        assert (again.pk, again.left) == (first.pk, first.left)
        assert page.index(first.left_response.text) < page.index(first.right_response.text)


def test_sides_are_drawn_both_ways(people: People, make_campaign: MakeCampaign) -> None:
    campaign, client = make_campaign(30), people.client("anna")
    client.get(label_url(campaign))
    for _ in range(30):
        client.post(answer_url(open_turn(campaign)), {"answer": "tie"}, headers=HTMX)
    assert {row["left"] for row in Assignment.objects.values("left")} == {"a", "b"}
    assert Assignment.objects.filter(state="done").count() == 30


def test_the_end_is_said(people: People, make_campaign: MakeCampaign) -> None:
    campaign, client = make_campaign(1), people.client("anna")
    client.get(label_url(campaign))
    page = client.post(answer_url(open_turn(campaign)), {"answer": "tie"}, headers=HTMX).content.decode()
    assert "Nothing is left for you in this campaign. Thank you." in page


def test_a_skip_says_why_and_takes_the_slot(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    turn = open_turn(campaign)
    refused = client.post(answer_url(turn), {"answer": "skip"})
    assert refused.status_code == 400
    assert "A skip needs a reason" in refused.content.decode()
    client.post(answer_url(turn), {"answer": "skip", "skip_reason": "language"})
    judgment = Judgment.objects.get()
    assert (judgment.outcome, judgment.skip_reason, judgment.preference) == ("skip", "language", None)
    assert CampaignPair.objects.get(pk=turn.campaign_pair_id).slots_left == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "No answer was sent"),
        ({"answer": "left_extremely"}, "“left_extremely” is not an answer"),
        ({"answer": "withdrawn"}, "is not an answer"),
        ({"answer": "4"}, "“4” is not an answer"),
        ({"answer": "skip", "skip_reason": "bored"}, "“bored” is not a reason to skip"),
    ],
)
def test_nonsense_is_refused_in_words(
    people: People, campaign: Campaign, data: dict[str, str], words: str
) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    for headers in ({}, HTMX):
        response = client.post(answer_url(open_turn(campaign)), data, headers=headers)
        assert response.status_code == 400
        assert words in response.content.decode()
    assert not Judgment.objects.exists()


def test_a_second_tab_shows_the_same_pair_and_its_answer_is_told(people: People, campaign: Campaign) -> None:
    first, second = people.client("anna"), people.client("anna")
    first.get(label_url(campaign))
    second.get(label_url(campaign))
    turn = open_turn(campaign)
    first.post(answer_url(turn), {"answer": "left"})
    page = second.post(answer_url(turn), {"answer": "right"}, headers=HTMX).content.decode()
    assert "already recorded; nothing was changed" in page
    assert Judgment.objects.get().preference == 2


def test_stopped_campaigns_take_no_answers(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    turn = open_turn(campaign)
    for stop, word in ((campaign_pause, "paused"), (campaign_close, "closed")):
        stop(campaign=campaign)
        assert f"This campaign is {word}" in client.get(label_url(campaign)).content.decode()
        answered = client.post(answer_url(turn), {"answer": "tie"}, headers=HTMX).content.decode()
        undone = client.post(undo_url(campaign), headers=HTMX).content.decode()
        assert f"This campaign is {word}" in answered
        assert f"This campaign is {word}" in undone
    assert not Judgment.objects.exists()


def test_a_lease_that_runs_out_passes_the_pair_on(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, lease_seconds=60)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    assert assignment_claim(campaign=campaign, user=people.rob) is None
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        theirs = assignment_claim(campaign=campaign, user=people.rob)
        assert theirs is not None
        assert theirs.pair == turn.pair
        turn.refresh_from_db()
        assert turn.state == "expired"
        page = people.client("anna").post(answer_url(turn), {"answer": "tie"}, headers=HTMX).content.decode()
    assert "it was given to someone else" in page
    assert not Judgment.objects.exists()


def test_a_late_answer_counts_while_the_slot_is_free(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, overlap=2, lease_seconds=60)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert assignment_claim(campaign=campaign, user=people.rob) is not None
        turn.refresh_from_db()
        assert turn.state == "expired"
        people.client("anna").post(answer_url(turn), {"answer": "tie"})
    turn.refresh_from_db()
    assert turn.state == "done"
    assert CampaignPair.objects.get(pk=turn.campaign_pair_id).slots_left == 0


def test_a_lapsed_lease_nobody_needed_is_renewed(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(2, lease_seconds=60)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        again = assignment_claim(campaign=campaign, user=people.anna)
        assert again is not None
        assert (again.pk, again.left) == (turn.pk, turn.left)
        assert again.leased_until > timezone.now()


def test_a_pair_that_comes_back_keeps_its_sides(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, overlap=2, lease_seconds=60)
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    now = timezone.now()
    with time_machine.travel(now + timedelta(seconds=61)):
        assignment_claim(campaign=campaign, user=people.rob)
        turn.refresh_from_db()
        assert turn.state == "expired"
        back = assignment_claim(campaign=campaign, user=people.anna)
    assert back is not None
    assert (back.pk, back.left, back.state) == (turn.pk, turn.left, "open")
    assert set(Assignment.objects.values_list("slot", flat=True)) == {1, 2}


def test_undo_brings_the_pair_back_and_the_chain_holds(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    turn = open_turn(campaign)
    client.post(answer_url(turn), {"answer": "left"}, headers=HTMX)
    following = open_turn(campaign)
    page = client.post(undo_url(campaign), headers=HTMX).content.decode()
    assert answer_url(turn) in page
    assert page.index(turn.left_response.text) < page.index(turn.right_response.text)
    client.post(answer_url(turn), {"answer": "right_much"})
    first, withdrawal, second = Judgment.objects.all()
    assert (withdrawal.outcome, withdrawal.supersedes) == ("withdrawn", first)
    assert (second.preference, second.supersedes) == (-3, withdrawal)
    assert list(Judgment.objects.current()) == [second]
    assert answer_url(following) in client.get(label_url(campaign)).content.decode()


def test_undo_goes_further_back_and_forward_in_order(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    turns = []
    for _ in range(2):
        turns.append(open_turn(campaign))
        client.post(answer_url(turns[-1]), {"answer": "tie"}, headers=HTMX)
    for expected in reversed(turns):
        assert answer_url(expected) in client.post(undo_url(campaign), headers=HTMX).content.decode()
    nothing = client.post(undo_url(campaign), headers=HTMX).content.decode()
    assert "no answer of yours to take back" in nothing
    page = client.post(answer_url(turns[0]), {"answer": "tie"}, headers=HTMX).content.decode()
    assert answer_url(turns[1]) in page


def test_time_in_view_shortens_the_duration_but_never_lengthens_it(
    people: People, campaign: Campaign
) -> None:
    client = people.client("anna")
    now = timezone.now()
    for seconds, visible, recorded in ((60, "5000", 5000), (60, "999999999", 60_000), (60, "", 60_000)):
        with time_machine.travel(now, tick=False) as clock:
            client.get(label_url(campaign))
            clock.shift(seconds)
            client.post(
                answer_url(open_turn(campaign)), {"answer": "tie", "visible_ms": visible}, headers=HTMX
            )
            assert Judgment.objects.latest("pk").duration_ms == recorded
            now = timezone.now()


def test_long_conversations_are_folded(people: People, make_campaign: MakeCampaign) -> None:
    said = [{"role": role, "content": f"Turn {i}"} for i, role in enumerate(["user", "assistant"] * 2)]
    PairFactory(
        prompt__project=people.project, prompt__messages=[*said, {"role": "user", "content": "Last?"}]
    )
    page = people.client("anna").get(label_url(make_campaign(0))).content.decode()
    assert "4 earlier turns" in page
    assert (
        page.index("Turn 3") < page.index("</details>", page.index("4 earlier turns")) < page.index("Last?")
    )


def test_new_guidelines_reach_the_next_pair(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    guideline_save(campaign=campaign, text="Be kind.")
    assert "Be kind." not in client.get(label_url(campaign)).content.decode()
    page = client.post(answer_url(open_turn(campaign)), {"answer": "tie"}, headers=HTMX).content.decode()
    assert "Be kind." in page


def test_hostile_text_is_harmless(people: People, make_campaign: MakeCampaign) -> None:
    attack = (
        "<script>alert(1)</script><img src=x onerror=alert(2)><form action=//evil><button>Left</button>"
        "</form>[click](javascript:alert(3))</div><dialog open>"
    )
    prompt = PromptFactory(project=people.project, messages=[{"role": "user", "content": attack}])
    PairFactory(prompt=prompt, response_a__text=attack, response_b__text="fine")
    page = people.client("anna").get(label_url(make_campaign(0))).content.decode()
    # Shown as text is fine; as markup it is not.
    for markup in ("<script>alert", "<img src=x", "<form action=//evil", 'href="javascript', "<dialog open"):
        assert markup not in page


def test_the_page_costs_the_same_for_one_pair_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for n_pairs in (1, 40):
        campaign = make_campaign(n_pairs, overlap=3)
        for _ in range(n_pairs):
            other = MembershipFactory(project=people.project, user=UserFactory()).user
            assignment_claim(campaign=campaign, user=other)
        client = people.client("anna")
        with django_assert_max_num_queries(32):
            client.get(label_url(campaign))  # claims
        with django_assert_max_num_queries(20):
            client.get(label_url(campaign))  # shows what is held


def test_work_lists_what_is_open_for_me(people: People, make_campaign: MakeCampaign) -> None:
    client = people.client("anna")
    assert "Nothing is open for you" in client.get("/p/helpfulness/work/").content.decode()
    campaign, draft = make_campaign(2, name="Round one"), make_campaign(2, name="Not yet", started=False)
    assert (draft.state, draft.n_pairs) == ("draft", 4)
    client.get(label_url(campaign))
    client.post(answer_url(open_turn(campaign)), {"answer": "tie"})
    context = client.get("/p/helpfulness/work/").context
    assert [(c.campaign.name, c.n_mine, c.n_left) for c in context["campaigns"]] == [("Round one", 1, 1)]
    assert context["following"].campaign == campaign
