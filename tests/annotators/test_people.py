"""The people of a campaign for its researcher: how far, how long, who is added."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotators.answers import Answer
from annotators.errors import ParticipationError
from annotators.models import Assignment, Campaign, Participation, QualityReport
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_revise import label_revise
from annotators.services.label_submit import label_submit
from annotators.services.label_undo import label_undo
from annotators.services.participation_add import participation_add
from annotators.worktime import Period, work_days, work_times
from curation.models import User
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People, streamed
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

MONDAY = datetime.fromisoformat("2026-03-02T09:00:00+00:00")


def people_url(campaign: Campaign, more: str = "") -> str:
    return f"/p/helpfulness/campaigns/{campaign.pk}/people/{more}"


def times(people: People, campaign: Campaign, query: str = "") -> list[list[str]]:
    answer = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/times.csv?{query}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(streamed(answer).decode())))


def work(campaign: Campaign, user: User, seconds: int, answer: str = "tie") -> Assignment:
    """Claim a pair, and answer it so many seconds later."""
    turn = assignment_claim(campaign=campaign, user=user)
    assert turn is not None
    Assignment.objects.filter(pk=turn.pk).update(opened_at=timezone.now() - timedelta(seconds=seconds))
    given = Answer("skip", skip_reason="other") if answer == "skip" else Answer(answer)
    label_submit(assignment_id=turn.pk, user=user, answer=given)
    return turn


def test_it_works(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(4)
    work(campaign, people.anna, 30)
    work(campaign, people.anna, 50)
    assignment_claim(campaign=campaign, user=people.rob)
    answer = people.client("rita").get(people_url(campaign))
    anna, rob = answer.context["rows"]
    assert (anna.standing.user, anna.standing.n_answered, anna.standing.n_today) == (people.anna, 2, 2)
    assert anna.work.seconds == pytest.approx(80, abs=1)
    assert anna.work.median_seconds == pytest.approx(40, abs=1)
    assert (rob.standing.user, rob.standing.n_held, rob.work) == (people.rob, 1, None)
    assert rob.standing.last_seen is not None
    page = answer.content.decode()
    assert f"answers/?person={people.anna.pk}" in page
    assert "1 min 20 s" in page


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, campaign: Campaign, name: str, status: int) -> None:
    client = people.client(name)
    assert client.get(people_url(campaign)).status_code == status
    assert client.get(f"/p/helpfulness/campaigns/{campaign.pk}/times.csv").status_code == status
    added = client.post(people_url(campaign, "add/"), {"identifier": "anna"})
    assert added.status_code == (302 if status == 200 else status)
    assert Participation.objects.exists() == (status == 200)


def test_another_projects_campaign_is_not_found(people: People, make_campaign: MakeCampaign) -> None:
    theirs = make_campaign(1, project=people.charlie.projects.get())
    client = people.client("alice")
    for path in (people_url(theirs), f"/p/helpfulness/campaigns/{theirs.pk}/times.csv"):
        assert client.get(path).status_code == 404
    assert client.post(people_url(theirs, "add/"), {"identifier": "anna"}).status_code == 404


def test_people_are_added_by_name(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(1, invited_only=True)
    client = people.client("rita")
    assert "Only the people listed here may take part" in client.get(people_url(campaign)).content.decode()
    page = client.post(people_url(campaign, "add/"), {"identifier": " Anna@example.org "}, follow=True)
    assert "anna takes part in" in page.content.decode()
    assert assignment_claim(campaign=campaign, user=people.anna) is not None
    again = client.post(people_url(campaign, "add/"), {"identifier": "anna"}).content.decode()
    assert "takes part in this campaign already" in again


@pytest.mark.parametrize(
    ("identifier", "words"),
    [("charlie", "Nobody in this project"), ("", "Nobody in this project"), ("twin@example.org", "Several")],
)
def test_who_cannot_be_added(people: People, campaign: Campaign, identifier: str, words: str) -> None:
    for number in range(2):
        twin = UserFactory(username=f"twin{number}", email="twin@example.org")
        MembershipFactory(project=people.project, user=twin)
    with pytest.raises(ParticipationError, match=words):
        participation_add(campaign=campaign, identifier=identifier)


def test_figures_of_the_quality_report(people: People, campaign: Campaign) -> None:
    participation_add(campaign=campaign, identifier="anna")
    client = people.client("rita")
    assert "not computed yet" in client.get(people_url(campaign)).content.decode()
    rows = [{"user": None}, {"user": people.anna.pk, "gold": {"value": 0.75, "n": 8}}]
    QualityReport.objects.create(
        project=people.project, campaign=campaign, state="done", report={"people": rows}
    )
    page = client.get(people_url(campaign)).content.decode()
    assert "75 %" in page
    assert "not computed yet" not in page


def test_the_csv_counts_all_work(people: People, make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(3)
    with time_machine.travel(MONDAY, tick=False):
        revised = work(campaign, people.anna, 20)
        work(campaign, people.anna, 5, "skip")
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False):
        work(campaign, people.anna, 40)
        label_undo(campaign=campaign, user=people.anna)
    with time_machine.travel(MONDAY + timedelta(days=2), tick=False) as clock:
        began = timezone.now()
        clock.shift(7)
        label_revise(assignment_id=revised.pk, user=people.anna, answer=Answer("both_bad"), opened_at=began)
    assert times(people, campaign, "from=2026-03-01&to=2026-03-31") == [
        ["person", "day", "answers", "skips", "corrections", "seconds", "first", "last"],
        ["anna", "2026-03-02", "1", "1", "0", "25.0", *["2026-03-02T09:00:00+00:00"] * 2],
        ["anna", "2026-03-03", "1", "0", "0", "40.0", *["2026-03-03T09:00:00+00:00"] * 2],
        ["anna", "2026-03-04", "0", "0", "1", "7.0", *["2026-03-04T09:00:07+00:00"] * 2],
    ]
    for query, days in {
        "from=2026-03-03&to=2026-03-03": ["2026-03-03"],
        "from=2026-03-04&to=2026-03-31": ["2026-03-04"],
        "to=2026-03-02": ["2026-03-02"],
    }.items():
        assert [row[1] for row in times(people, campaign, query)[1:]] == days, query


def test_no_name_is_a_formula(people: People, campaign: Campaign) -> None:
    for name in ("=cmd", "+1", "-1", "@sum"):
        user = UserFactory(username=name)
        MembershipFactory(project=people.project, user=user)
        Campaign.objects.update(overlap=9)
        campaign.campaign_pairs.update(
            overlap=9, slots_left=9 - Assignment.objects.values("annotator").distinct().count()
        )
        work(campaign, user, 10)
    assert {row[0] for row in times(people, campaign)[1:]} == {"'=cmd", "'+1", "'-1", "'@sum"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "Write a day like 2026-01-31."),
        ("from=2026-02-02&to=2026-02-01", "ends before it begins"),
        ("from=2020-01-01&to=2026-01-01", "at most 366 days"),
    ],
)
def test_periods_that_are_none(people: People, campaign: Campaign, query: str, words: str) -> None:
    client = people.client("rita")
    answer = client.get(f"/p/helpfulness/campaigns/{campaign.pk}/times.csv?{query}")
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    page = client.get(f"{people_url(campaign)}?{query}")
    assert (page.status_code, words in page.content.decode()) == (200, True)


def test_times_of_another_campaign_do_not_count(people: People, make_campaign: MakeCampaign) -> None:
    first = make_campaign(1)
    work(first, people.anna, 10)
    second = make_campaign(0)  # the same pair again
    work(second, people.anna, 99)
    today = timezone.now().date()
    period = Period(today, today)
    assert [round(day.seconds) for day in work_days([first.pk], period)] == [10]
    assert [round(day.seconds) for day in work_days([first.pk, second.pk], period)] == [109]
    assert work_times([first.pk], period, people.rob.pk) == {}


def test_a_period_holds_both_its_days() -> None:
    start, end = Period.days(2, until=date(2026, 3, 1)).bounds
    assert (start.isoformat(), end.isoformat()) == ("2026-02-28T00:00:00+00:00", "2026-03-02T00:00:00+00:00")


def test_empty_state(people: People, campaign: Campaign) -> None:
    assert "Nobody takes part yet" in people.client("rita").get(people_url(campaign)).content.decode()


def test_query_budget_does_not_grow(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(2, overlap=9)
    crowd: list[Any] = [MembershipFactory(project=people.project, user=UserFactory()).user for _ in range(8)]
    for user in crowd:
        work(campaign, user, 10)
    client = people.client("rita")
    with django_assert_max_num_queries(10):
        assert len(client.get(people_url(campaign)).context["rows"]) == 8
    with django_assert_max_num_queries(7):
        lines = streamed(client.get(f"/p/helpfulness/campaigns/{campaign.pk}/times.csv")).splitlines()
    assert len(lines) == 9
