"""The answers of a campaign, filtered and downloaded."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotators.answers import Answer
from annotators.bounded import TooSlowError, time_limit
from annotators.models import Assignment, Campaign, CampaignPair
from annotators.services.guideline_save import guideline_save
from curation.models import Judgment
from tests.annotators.campaign_data import LEFT, TIE, answer_all
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People, streamed

pytestmark = pytest.mark.django_db


def answers_url(campaign: Campaign) -> str:
    return f"/p/helpfulness/campaigns/{campaign.pk}/answers/"


def found(people: People, campaign: Campaign, **filters: Any) -> set[int]:
    """The places in the queue of the answers shown; the file holds the same."""
    client = people.client("rita")
    rows = [row for row, _ in client.get(answers_url(campaign), filters).context["rows"]]
    file = streamed(client.get(f"{answers_url(campaign)[:-1]}.csv", filters)).decode()
    assert {int(line["pair"]) for line in csv.DictReader(io.StringIO(file))} == {row.pair_id for row in rows}
    return {row.campaign_pair.position for row in rows}


def test_it_works(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, LEFT, Answer("tie", rationale="Both are fine."))
    page = people.client("rita").get(answers_url(campaign)).content.decode()
    assert "Left better" in page
    assert "Both are fine." in page
    assert "Download CSV" in page


def test_each_filter(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, LEFT, TIE)
    guideline_save(campaign=campaign, text="Be kind.")
    answer_all(campaign, people.rob, Answer("skip", skip_reason="language"))
    first, second, third = (campaign.campaign_pairs.get(position=n) for n in (1, 2, 3))
    first.pair.prompt.category = "maths"
    first.pair.prompt.save(update_fields=["category"])
    last_week = timezone.now() - timedelta(days=8)
    Assignment.objects.filter(campaign_pair=first).update(answered_at=last_week)
    CampaignPair.objects.filter(pk=second.pk).update(disagreement=0.5, overlap=2, n_rushed=1)
    CampaignPair.objects.filter(pk__in=[first.pk, third.pk]).update(n_rushed=0)
    year, week, _ = last_week.isocalendar()
    cases: list[tuple[dict[str, Any], set[int]]] = [
        ({}, {1, 2, 3}),
        ({"person": people.anna.pk}, {1, 2}),
        ({"outcome": "skip"}, {3}),
        ({"category": "maths"}, {1}),
        ({"week": f"{year}-W{week:02}"}, {1}),
        ({"day": timezone.now().date().isoformat()}, {2, 3}),
        ({"guideline": 2}, {3}),
        ({"differs": "on"}, {2}),
        ({"raised": "on"}, {2}),
        ({"rushed": "on"}, {2}),
        ({"outcome": "tie", "person": people.rob.pk}, set()),
        ({"outcome": "nonsense", "week": "2020-W99", "person": "x", "day": "x"}, {1, 2, 3}),
    ]
    for filters, expected in cases:
        assert found(people, campaign, **filters) == expected, filters


def test_an_unhurried_answer_on_a_hurried_pair_is_not_rushed(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, LEFT)
    CampaignPair.objects.filter(campaign=campaign, position=1).update(n_rushed=1)
    assert found(people, campaign, rushed="on") == {1}
    slow = Judgment.objects.get()
    slow.pk, slow.duration_ms = None, 60_000
    slow.save()
    Assignment.objects.update(judgment=slow)
    assert found(people, campaign, rushed="on") == set()


def test_the_file_says_everything_and_runs_nothing(people: People, campaign: Campaign) -> None:
    given = Answer("preferred", 2, rationale='=HYPERLINK("http://x")', attributes={"flags": ["pii"]})
    answer_all(campaign, people.anna, given)
    response = people.client("rita").get(f"{answers_url(campaign)[:-1]}.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    (line,) = csv.DictReader(io.StringIO(streamed(response).decode()))
    assert line["rationale"] == "'" + given.rationale
    assert (line["person"], line["answer"], line["outcome"], line["preference_to_left"]) == (
        "anna", "Left better", "preferred", "2",
    )  # fmt: skip
    assert line["attributes"] == '{"flags": ["pii"]}'


def test_the_file_hides_names_as_the_page_does(people: People, campaign: Campaign) -> None:
    answer_all(campaign, people.anna, LEFT)
    file = streamed(people.client("rob").get(f"{answers_url(campaign)[:-1]}.csv")).decode()
    assert "anna" not in file
    assert "Person 1" in file


def test_pages_go_on_without_counting(
    people: People, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(5)
    answer_all(campaign, people.anna, *[LEFT] * 5)
    monkeypatch.setattr("annotators.views.answers.PAGE_SIZE", 2)
    client = people.client("rita")
    pages = [client.get(answers_url(campaign), {"page": n}) for n in (1, 2, 3, 4)]
    assert [len(page.context["rows"]) for page in pages] == [2, 2, 1, 0]
    assert 'rel="next"' in pages[0].content.decode()
    assert 'rel="next"' not in pages[2].content.decode()
    assert len(client.get(answers_url(campaign), {"page": "x"}).context["rows"]) == 2


def test_a_slow_filter_is_stopped_and_said(
    people: People, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotators.views.answers.slice_within", lambda *_, **__: None)
    page = people.client("rita").get(answers_url(campaign)).content.decode()
    assert "takes too long to look for" in page


def test_statements_end_when_the_time_is_over() -> None:
    from django.db import connection

    with pytest.raises(TooSlowError), time_limit(20), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(5)")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_pages_cost_the_same_for_few_rows_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    campaign = make_campaign(8)
    client = people.client("rita")
    for n in (1, 6):
        answer_all(campaign, people.anna, *[LEFT] * n)
        with django_assert_max_num_queries(20):
            assert client.get(answers_url(campaign)).status_code == 200


# ── guidelines ───────────────────────────────────────────────────────────────


def test_versions_are_compared_word_by_word(people: People, campaign: Campaign) -> None:
    url = f"/p/helpfulness/campaigns/{campaign.pk}/guidelines/"
    assert "What changed" not in people.client("rita").get(url).content.decode()
    answer_all(campaign, people.anna, LEFT, LEFT)
    guideline_save(campaign=campaign, text="Be **kind**.")
    guideline_save(campaign=campaign, text="Be <b>kind</b> and brief.")
    answer_all(campaign, people.anna, LEFT)
    page = people.client("rita").get(f"{url}?old=1&new=2")
    assert ("out", "fair") in page.context["changes"]
    text = page.content.decode()
    assert "<del>fair</del><ins>kind</ins>" in text
    assert "<b>" not in people.client("rita").get(url).content.decode()
    counts = {version.number: version.n_answers for version in page.context["versions"]}
    assert counts == {1: 2, 2: 0, 3: 1}
    assert f"{answers_url(campaign)}?guideline=1" in text
    newest = people.client("rita").get(f"{url}?old=9&new=x").context["changes"]
    assert "".join(words for kind, words in newest if kind != "out") == "Be <b>kind</b> and brief."
