"""Scores from judgments and rankings, asked for on the page of scores."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from curation.models import Judgment, PairScore, RaterExclusion, ScoreBuild, ScoreProducer
from curation.score_builds import read_builds
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, RaterFactory

pytestmark = pytest.mark.django_db

PAGE = "/p/helpfulness/scores/"
JUDGMENTS = f"{PAGE}from-judgments/"
RANKINGS = f"{PAGE}from-rankings/"


def in_both_orders(people: People, preference: int = 2) -> Judgment:
    pair = PairFactory(prompt__project=people.project)
    judge = RaterFactory(project=people.project)
    JudgmentFactory(pair=pair, rater=judge, left="a", preference=preference)
    return JudgmentFactory(pair=pair, rater=judge, left="b", preference=-preference)


def asked(first: str, second: str, scorer: str = "kendall_consistency") -> dict[str, str]:
    return {"scorer": scorer, "first": first, "second": second}


def test_it_works(people: People, django_capture_on_commit_callbacks: Any) -> None:
    in_both_orders(people)
    client = people.client("rita")
    assert "Compute from the judgments" in client.get(PAGE).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(JUDGMENTS).headers["Location"] == PAGE
    build = ScoreBuild.objects.get()
    assert (build.state, build.created_by) == ("done", people.rita)
    page = client.get(PAGE).content.decode()
    assert "By the judgments" in page
    assert "As of <time" in page
    assert "Out of date" not in page
    assert "hx-trigger" not in page.partition("<main")[2]


@pytest.mark.parametrize("name", ["rob", "anna", "charlie", "anonymous"])
@pytest.mark.parametrize("url", [JUDGMENTS, RANKINGS])
def test_it_checks_access(people: People, name: str, url: str) -> None:
    response = people.client(name).post(url)
    assert response.status_code == (302 if name == "anonymous" else 404)
    assert not ScoreBuild.objects.exists()


def test_the_page_says_what_has_changed_since(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    judged = in_both_orders(people)
    client = people.client("rita")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(JUDGMENTS)
    JudgmentFactory(pair=judged.pair, rater=RaterFactory(project=people.project))
    JudgmentFactory()  # of another project
    assert "Out of date: 1 pair has newer judgments." in client.get(PAGE).content.decode()
    in_both_orders(people)
    exclusion = RaterExclusion.objects.create(rater=judged.rater, reason="asleep")
    words = "Out of date: 2 pairs have newer judgments and raters were excluded or taken back in."
    assert words in client.get(PAGE).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(JUDGMENTS)
    assert "Out of date" not in client.get(PAGE).content.decode()
    exclusion.lifted_at = ScoreBuild.objects.latest("pk").finished_at
    exclusion.save()
    assert "Out of date: raters were excluded or taken back in." in client.get(PAGE).content.decode()


def test_a_page_that_waits_reloads_at_the_end(people: People) -> None:
    client = people.client("rita")
    client.post(JUDGMENTS)  # nobody works on it
    page = client.get(PAGE).content.decode()
    assert "Scores from the judgments are on their way" in page
    assert f'hx-get="{PAGE}" hx-trigger="every 2s"' in page
    polled = client.get(PAGE, headers={"HX-Request": "true"})
    assert (polled.status_code, "HX-Refresh" in polled.headers) == (204, False)
    ScoreBuild.objects.update(state="failed", error="The disk is full.")
    assert client.get(PAGE, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    page = client.get(PAGE).content.decode()
    assert "Scores from the judgments: The disk is full." in page
    assert "hx-trigger" not in page.partition("<main")[2]
    ScoreBuild.objects.create(
        project=people.project, kind="judgments", state="done", started_at=timezone.now()
    )
    assert "The disk is full." not in client.get(PAGE).content.decode()


def test_two_rankings_are_compared_and_again(people: People, django_capture_on_commit_callbacks: Any) -> None:
    client = people.client("rita")
    assert "There is nothing to compare yet" in client.get(PAGE).content.decode()
    pair = PairFactory(prompt__project=people.project)
    judges = [RaterFactory(project=people.project, label=label) for label in ("one", "two")]
    for judge in judges:
        JudgmentFactory(pair=pair, rater=judge)
    first, second = (f"rater:{judge.pk}" for judge in judges)
    page = client.get(PAGE).content.decode()
    assert f'<option value="{second}" selected>judge two</option>' in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post(RANKINGS, asked(first, second))
    page = client.get(PAGE).content.decode()
    assert "By judge one and judge two" in page
    assert "Compare again" in page
    assert "Out of date" not in page
    newer = Judgment.objects.get(rater=judges[1])
    JudgmentFactory(pair=pair, rater=judges[1], preference=-2, supersedes=newer)
    assert "Out of date: a judge has judged more." in client.get(PAGE).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(RANKINGS, asked(first, second))
    assert PairScore.objects.get().value == 0.0
    assert "Out of date" not in client.get(PAGE).content.decode()


def test_more_scores_of_a_source_make_a_comparison_old(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    producers = [
        ScoreProducer.objects.create(
            project=people.project, scorer="logp_gap", fingerprint=label, label=label
        )
        for label in "xy"
    ]
    keys = [f"producer:{producer.pk}" for producer in producers]
    with django_capture_on_commit_callbacks(execute=True):
        people.client("rita").post(RANKINGS, asked(*keys))
    made = ScoreProducer.objects.get(scorer="kendall_consistency")
    fresh = read_builds(people.project, {}).freshness(made)
    assert fresh is not None
    assert fresh.since == ""
    more = read_builds(people.project, {producers[0].pk: 5}).freshness(made)
    assert more is not None
    assert more.since == "more pairs have been scored"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "This field is required"),
        (asked("rater:0", "rater:0"), "Select a valid choice"),
        (None, "A source always agrees with itself"),
    ],
)
def test_what_cannot_be_compared_is_said_on_the_page(
    people: People, fields: dict[str, str] | None, words: str
) -> None:
    judge, other = (RaterFactory(project=people.project) for _ in range(2))
    pair = PairFactory(prompt__project=people.project)
    for rater in (judge, other):
        JudgmentFactory(pair=pair, rater=rater)
    same = asked(f"rater:{judge.pk}", f"rater:{judge.pk}")
    response = people.client("rita").post(RANKINGS, same if fields is None else fields)
    page = response.content.decode()
    assert words in page
    assert "Nothing was started" in page
    assert not ScoreBuild.objects.exists()


@pytest.mark.parametrize("url", [JUDGMENTS, RANKINGS])
def test_nothing_is_started_by_looking(people: People, url: str) -> None:
    assert people.client("rita").get(url).status_code == 405
