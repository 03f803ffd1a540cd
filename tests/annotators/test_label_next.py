"""The turn after the one on the screen comes ahead, at a fixed cost, and tells nothing of gold."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotators.models import Assignment, Campaign, GoldPair
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_manage import campaign_pause
from annotators.standing import LEFT_COUNTED, pace_per_minute, progress_of
from annotators.work import open_campaigns
from curation.models import Judgment, Pair
from tests.annotators.conftest import MakeCampaign, answer_url, label_url, next_url, undo_url
from tests.conftest import People
from tests.factories import MembershipFactory, PairFactory, PromptFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
ANSWER_QUERIES = (
    30  # what an answer with the turn after it costs, savepoints of the test's transaction included
)


def shown_in(html: str) -> int | None:
    """The assignment that a page or a fragment shows."""
    found = re.search(r'data-assignment="(\d+)"', html)
    return int(found.group(1)) if found else None


def turn_in(html: str) -> Assignment:
    turn: Assignment = Assignment.objects.get(pk=shown_in(html) or 0)
    return turn


def test_it_works(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    first = shown_in(client.get(label_url(campaign)).content.decode())
    ahead = client.get(next_url(campaign, first or ""), headers=HTMX)
    html = ahead.content.decode()
    assert ahead.headers["Cache-Control"].count("no-store") == 1
    assert "<html" not in html
    second = shown_in(html)
    assert second not in {None, first}
    assert set(Assignment.objects.values_list("pk", "state")) == {(first, "open"), (second, "open")}
    # Asked again, it is the same one; a reload still shows the first.
    assert shown_in(client.get(next_url(campaign, first or "")).content.decode()) == second
    assert shown_in(client.get(label_url(campaign)).content.decode()) == first


def test_an_answer_brings_the_turn_after_the_one_held(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    first = turn_in(client.get(label_url(campaign)).content.decode())
    second = shown_in(client.get(next_url(campaign, first.pk)).content.decode())
    data = {"answer": "left", "turn": "1", "have": str(second)}
    html = client.post(answer_url(first), data, headers=HTMX).content.decode()
    third = shown_in(html)
    assert third not in {first.pk, second, None}
    assert 'data-outcome="recorded"' in html
    assert 'data-answered="1"' in html


def test_after_undo_the_order_of_turns_holds(people: People, make_campaign: MakeCampaign) -> None:
    campaign, client = make_campaign(5), people.client("anna")
    first = shown_in(client.get(label_url(campaign)).content.decode())
    second = shown_in(client.get(next_url(campaign, first or "")).content.decode())
    turn = Assignment.objects.get(pk=first or 0)
    third = shown_in(
        client.post(answer_url(turn), {"answer": "tie", "have": str(second)}, headers=HTMX).content.decode()
    )
    back = client.post(undo_url(campaign), headers=HTMX).content.decode()
    assert shown_in(back) == first
    assert "You answered: Tie." in back
    assert re.search(r'value="tie"[^>]* checked', back)
    assert shown_in(client.get(next_url(campaign, first or "")).content.decode()) == second
    again = {"answer": "tie", "turn": "2", "have": str(second)}
    assert shown_in(client.post(answer_url(turn), again, headers=HTMX).content.decode()) == third


def test_of_another_tab_or_a_strangers_turn_nothing_is_learnt(people: People, campaign: Campaign) -> None:
    theirs = assignment_claim(campaign=campaign, user=people.rob)
    assert theirs is not None
    client = people.client("anna")
    first = shown_in(client.get(label_url(campaign)).content.decode())
    for have in (theirs.pk, "", "x", 10**30, "-1"):
        assert shown_in(client.get(next_url(campaign, have)).content.decode()) == first
    assert Assignment.objects.filter(annotator=people.anna).count() == 1


def test_a_stopped_campaign_has_no_next_turn(people: People, campaign: Campaign) -> None:
    client = people.client("anna")
    client.get(label_url(campaign))
    campaign_pause(campaign=campaign)
    html = client.get(next_url(campaign)).content.decode()
    assert shown_in(html) is None
    assert "This campaign is paused" in html


def test_an_answer_costs_few_queries_however_large_the_campaign(
    people: People, make_campaign: MakeCampaign
) -> None:
    costs = []
    for n_pairs in (10, 60):
        campaign, client = make_campaign(n_pairs, overlap=3), people.client("anna")
        for _ in range(n_pairs):
            other = MembershipFactory(project=people.project, user=UserFactory()).user
            assignment_claim(campaign=campaign, user=other)
        html = client.get(label_url(campaign)).content.decode()
        for _ in range(2):  # the first answer in a project makes the person's rater
            turn = turn_in(html)
            html = client.get(next_url(campaign, turn.pk)).content.decode()
            url, data = answer_url(turn), {"answer": "left", "turn": "1", "have": str(shown_in(html))}
            with CaptureQueriesContext(connection) as captured:
                client.post(url, data, headers=HTMX)
        queries = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
        assert not [query for query in queries if "COUNT(" in query]
        costs.append(len(queries))
    assert costs[0] == costs[1] <= ANSWER_QUERIES


# ── gold ─────────────────────────────────────────────────────────────────────

Told = tuple[int, int, int]  # answered, left on the page, left on the list of work


@pytest.fixture
def every_third_is_gold(monkeypatch: pytest.MonkeyPatch) -> None:
    def gold_turn(n_opened: int, share: float, seed: str) -> bool:
        return share > 0 and n_opened % 3 == 1

    monkeypatch.setattr("annotators.services.assignment_claim.gold_turn", gold_turn)
    monkeypatch.setattr("annotators.standing.gold_turn", gold_turn)


@pytest.fixture
def mixed(people: People, make_campaign: MakeCampaign, every_third_is_gold: None) -> Campaign:
    """Six pairs with gold among them."""
    for _ in range(4):
        pair = PairFactory(prompt=PromptFactory(project=people.project))
        GoldPair.objects.create(project=people.project, pair=pair, expected="a", explanation="SECRET-WHY")
    return make_campaign(6, gold_share=0.3)


def told(people: People, campaign: Campaign) -> Told:
    progress = progress_of(campaign, people.anna)
    (listed,) = open_campaigns(people.project, people.anna)
    return progress.answered, progress.left, listed.n_left


def walk(client: Client, campaign: Campaign, each: Callable[[str], Any]) -> list[str]:
    """Answer all there is as the page does; returns the purposes of the turns, in order."""
    html = client.get(label_url(campaign)).content.decode()
    purposes: list[str] = []
    while (pk := shown_in(html)) is not None and len(purposes) < 20:
        turn = Assignment.objects.get(pk=pk)
        ahead = client.get(next_url(campaign, pk)).content.decode()
        data = {"answer": "left", "turn": str(turn.turn), "have": str(shown_in(ahead) or "")}
        each(client.post(answer_url(turn), data, headers=HTMX).content.decode())
        purposes.append(turn.purpose)
        html = ahead
    return purposes


def test_progress_moves_the_same_for_gold_and_for_others(people: People, mixed: Campaign) -> None:
    seen = [told(people, mixed)]
    purposes = walk(people.client("anna"), mixed, lambda _: seen.append(told(people, mixed)))
    assert purposes == ["main", "gold", "main"] * 3
    assert seen == [(n, 9 - n, 9 - n) for n in range(10)]


def test_progress_does_not_move_when_gold_is_only_shown(people: People, mixed: Campaign) -> None:
    client = people.client("anna")
    before = told(people, mixed)
    first = shown_in(client.get(label_url(mixed)).content.decode())
    assert told(people, mixed) == before
    ahead = client.get(next_url(mixed, first or "")).content.decode()
    assert turn_in(ahead).purpose == "gold"
    assert told(people, mixed) == before


def test_nothing_on_the_page_tells_gold(people: People, mixed: Campaign) -> None:
    client = people.client("anna")
    told_of: dict[str, set[str]] = {"main": set(), "gold": set()}
    html = client.get(label_url(mixed)).content.decode()
    while (pk := shown_in(html)) is not None:
        turn = Assignment.objects.get(pk=pk)
        response = client.post(answer_url(turn), {"answer": "right"}, headers=HTMX)
        html = response.content.decode()
        whole = html + str(response.headers)
        assert "gold" not in whole.lower()
        assert "expected" not in whole
        assert "SECRET-WHY" not in whole
        # What is said about the answer, and the shape of what comes: the same whichever it was.
        said = re.sub(r"\d+", "#", re.search(r"<div id=\"turn\"[^>]*>", html)[0])  # type: ignore[index]
        told_of[turn.purpose].add(said)
    assert told_of["gold"] <= told_of["main"]
    assert Judgment.objects.count() == 9


def test_a_gold_turn_costs_about_what_another_costs(people: People, mixed: Campaign) -> None:
    client = people.client("anna")
    costs: dict[str, set[int]] = {"main": set(), "gold": set()}
    html = client.get(label_url(mixed)).content.decode()
    for _ in range(6):
        turn = turn_in(html)
        url = answer_url(turn)
        with CaptureQueriesContext(connection) as queries:
            html = client.post(url, {"answer": "left"}, headers=HTMX).content.decode()
        costs[turn.purpose].add(len(queries))
    assert abs(max(costs["gold"]) - min(costs["main"])) <= 3


def test_left_is_counted_to_a_bound(
    people: People, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotators.standing.LEFT_COUNTED", 2)
    campaign = make_campaign(4)
    page = people.client("anna").get(label_url(campaign)).content.decode()
    assert "over 2 left for you" in page
    assert "data-left" not in page
    assert LEFT_COUNTED == 1000


def test_pace_leaves_breaks_out() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(seconds=seconds) for seconds in (0, 10, 30, 3000, 3030)]
    assert pace_per_minute(times) == pytest.approx(3)
    assert pace_per_minute(times[:2]) is None
    assert pace_per_minute([start] * 5) is None


def test_a_page_shows_the_goal_of_the_day_and_the_pace(people: People, make_campaign: MakeCampaign) -> None:
    campaign, client = make_campaign(5, daily_goal=50), people.client("anna")
    walk(client, campaign, lambda _: None)
    page = " ".join(client.get(label_url(campaign)).content.decode().split())
    assert '<span data-count="today">5</span> of 50' in page
    assert "a minute" in page
    assert Pair.objects.count() == 5
