"""Two versions compared by a worker: how it is asked for, kept and shown, and what a lost worker leaves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from curation.models import DatasetComparison, DatasetVersion
from curation.services import comparison_build as service
from curation.services.comparison_build import comparison_build, comparison_request, comparisons_recover
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, ln_ches, saved_recipe
from tests.together import together

pytestmark = pytest.mark.django_db
URL = "/p/helpfulness/datasets/compare/"
BOTH = {"old": 1, "new": 2}


@pytest.fixture
def versions(people: People) -> dict[str, Any]:
    """The newer has one row more."""
    judged_project(people.project)
    old = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    judged_pair(people.project, 0.9)
    return {"old": old, "new": dataset_freeze(recipe=saved_recipe(people.project), user=None)}


def page_of(people: People, name: str = "rita") -> str:
    return people.client(name).get(URL, BOTH).content.decode()


def test_it_works(
    people: People,
    versions: dict[str, Any],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = people.client("rita")
    assert "Not compared yet" in page_of(people)
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(f"{URL}build/", BOTH)
    assert sent.headers["Location"] == f"{URL}?old=1&new=2"
    comparison = DatasetComparison.objects.get()
    assert (comparison.state, comparison.created_by) == ("done", people.rita)
    assert comparison.report["counts"] == {"added": 1, "removed": 0, "flipped": 0, "changed": 0}
    page = client.get(sent.headers["Location"])
    assert len(page.context["page"]) == 1
    assert "scores may have been computed since" in page.content.decode()
    assert "every 2s" not in page.content.decode()


def test_what_was_compared_is_kept_and_compared_again_when_asked(
    people: People, versions: dict[str, Any]
) -> None:
    first = comparison_request(**versions, user=None)
    comparison_build(comparison_id=first.pk)
    assert comparison_request(**versions, user=None) == first
    producer = ln_ches(people.project, {row.pair: 1.0 for row in versions["new"].rows.all()})
    assert str(producer) not in page_of(people)
    client = people.client("rob")
    client.post(f"{URL}build/", BOTH)
    assert DatasetComparison.objects.count() == 1
    client.post(f"{URL}build/", BOTH | {"again": "true"})
    assert "Only in the newer" in page_of(people)  # the kept one, until the newer is done
    comparison_build(comparison_id=DatasetComparison.objects.latest("pk").pk)
    assert str(producer) in page_of(people)


def test_the_other_way_round_is_another_comparison(people: People, versions: dict[str, Any]) -> None:
    comparison_build(comparison_id=comparison_request(**versions, user=None).pk)
    turned = comparison_request(old=versions["new"], new=versions["old"], user=None)
    comparison_build(comparison_id=turned.pk)
    turned.refresh_from_db()
    assert turned.report["counts"] == {"added": 0, "removed": 1, "flipped": 0, "changed": 0}
    page = people.client("rita").get(URL, {"old": 2, "new": 1})
    assert page.context["kind"] == "removed"


def test_the_page_asks_again_only_while_a_comparison_is_on_its_way(
    people: People, versions: dict[str, Any]
) -> None:
    comparison = comparison_request(**versions, user=None)
    page = page_of(people)
    assert f'hx-get="{URL}?old=1&amp;new=2" hx-trigger="every 2s"' in page
    assert "Queued" in page
    assert "Not compared yet" not in page
    client = people.client("rob")
    fragment = client.get(URL, BOTH, headers={"HX-Request": "true"})
    assert "every 2s" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert "HX-Refresh" not in fragment.headers
    comparison_build(comparison_id=comparison.pk)
    assert client.get(URL, BOTH, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "every 2s" not in page_of(people)


def test_a_version_against_itself_is_refused_by_the_database(versions: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="comparison_of_two_versions"), transaction.atomic():
        DatasetComparison.objects.create(old=versions["old"], new=versions["old"])


def test_a_second_on_its_way_is_refused_by_the_database(versions: dict[str, Any]) -> None:
    comparison_request(**versions, user=None)
    with pytest.raises(IntegrityError, match="comparison_one_at_a_time"), transaction.atomic():
        DatasetComparison.objects.create(**versions)


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_give_one_comparison(versions: dict[str, Any]) -> None:
    asked = together([partial(comparison_request, **versions, user=None) for _ in range(4)])
    assert len({comparison.pk for comparison in asked}) == 1
    assert DatasetComparison.objects.get().attempt == 1


@pytest.mark.parametrize(
    ("name", "page", "asked"),
    [
        ("alice", 200, 302), ("rita", 200, 302), ("rob", 200, 302), ("anna", 404, 404),
        ("charlie", 404, 404),
    ],
)  # fmt: skip
def test_who_may(people: People, versions: dict[str, Any], name: str, page: int, asked: int) -> None:
    client = people.client(name)
    assert client.get(URL, BOTH).status_code == page
    assert client.get(URL, BOTH, headers={"HX-Request": "true"}).status_code == page
    assert client.post(f"{URL}build/", BOTH).status_code == asked
    assert DatasetComparison.objects.exists() == (asked == 302)


def test_visitors_log_in_first(people: People, versions: dict[str, Any]) -> None:
    client = people.client("anonymous")
    for answer in (client.get(URL, BOTH), client.post(f"{URL}build/", BOTH)):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_fewer_than_two_versions_cannot_be_compared(people: People) -> None:
    page = people.client("rita").post(f"{URL}build/")
    assert "this project has 0" in page.content.decode()


def test_what_a_lost_worker_left_running_is_compared_again(versions: dict[str, Any]) -> None:
    comparison = comparison_request(**versions, user=None)
    long_ago = timezone.now() - timedelta(hours=1)
    DatasetComparison.objects.update(state="running", attempt=1, heartbeat_at=long_ago)
    comparisons_recover()
    comparison.refresh_from_db()
    assert (comparison.state, comparison.attempt) == ("done", 2)


def test_one_that_loses_its_workers_is_given_up_in_words(people: People, versions: dict[str, Any]) -> None:
    comparison_request(**versions, user=None)
    long_ago = timezone.now() - timedelta(hours=1)
    DatasetComparison.objects.update(state="running", attempt=3, heartbeat_at=long_ago)
    comparisons_recover()
    page = page_of(people)
    assert "The worker was lost 3 times" in page
    assert "Press “Compare” to try again." in page
    assert comparison_request(**versions, user=None).state == "queued"


def test_a_worker_that_was_taken_over_writes_nothing(
    versions: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = comparison_request(**versions, user=None)

    def slow(*of: DatasetVersion) -> dict[str, Any]:
        DatasetComparison.objects.update(attempt=2)  # another worker has taken it up
        return {"counts": {}}

    monkeypatch.setattr(service, "build_report", slow)
    comparison_build(comparison_id=comparison.pk)
    comparison.refresh_from_db()
    assert (comparison.state, comparison.report) == ("running", {})


def test_an_error_is_told_in_words(
    people: People,
    versions: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    comparison = comparison_request(**versions, user=None)

    def broken(*of: DatasetVersion) -> dict[str, Any]:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "build_report", broken)
    comparison_build(comparison_id=comparison.pk)
    assert "An unexpected error stopped the report" in page_of(people)
    assert "ZeroDivisionError" in caplog.text
