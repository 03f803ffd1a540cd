"""A version frozen by a worker: how it is asked for, what its page says, and what a lost worker leaves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from curation.models import DatasetFreeze, DatasetRow, DatasetVersion, DroppedPair, RecipeRun
from curation.services import freeze_build as service
from curation.services.dataset_freeze import dataset_freeze
from curation.services.freeze_build import freeze_build, freeze_request, freezes_recover
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judged_project, saved_recipe
from tests.together import together

pytestmark = pytest.mark.django_db


def a_run(people: People, steps: list[dict[str, Any]] | None = None) -> RecipeRun:
    judged_project(people.project)
    return recipe_run(recipe=saved_recipe(people.project, steps), user=None)


def freeze_url(run: RecipeRun) -> str:
    return reverse("curation:dataset-freeze", args=["helpfulness", run.pk])


def run_url(run: RecipeRun) -> str:
    return reverse("curation:run-detail", args=["helpfulness", run.pk])


def test_it_works(people: People, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    run, client = a_run(people), people.client("rita")
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(freeze_url(run), {"note": "Round one"})
    assert sent.headers["Location"] == run_url(run) + "#freeze"
    version = DatasetVersion.objects.get()
    assert (version.number, version.note, version.created_by) == (1, "Round one", people.rita)
    freeze = DatasetFreeze.objects.get()
    assert (freeze.state, freeze.version) == ("done", version)
    page = client.get(run_url(run)).content.decode()
    assert reverse("curation:dataset-detail", args=["helpfulness", 1]) in page
    assert "every 1s" not in page


def test_the_page_asks_again_only_while_a_freeze_is_on_its_way(people: People) -> None:
    run, client = a_run(people), people.client("rob")
    assert "every 1s" not in client.get(run_url(run)).content.decode()
    freeze = freeze_request(run=run, user=None)
    page = client.get(run_url(run)).content.decode()
    assert "every 1s" in page
    assert "Queued" in page
    freeze_build(freeze_id=freeze.pk)
    fragment = client.get(run_url(run), headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" not in fragment
    assert "Dataset v1" in fragment
    assert "<html" not in fragment


def test_a_double_click_freezes_once_and_a_later_one_again(people: People) -> None:
    run = a_run(people)
    first = freeze_request(run=run, user=None)
    assert freeze_request(run=run, user=None) == first
    freeze_build(freeze_id=first.pk)
    freeze_build(freeze_id=freeze_request(run=run, user=None).pk)
    assert list(DatasetVersion.objects.values_list("number", flat=True)) == [2, 1]


def test_nothing_to_freeze_is_said_and_nothing_is_left(people: People) -> None:
    run = a_run(people, [{"step": "consensus_exists"}, {"step": "min_margin", "margin": 1}])
    freeze = freeze_request(run=run, user=None)
    freeze_build(freeze_id=freeze.pk)
    freeze.refresh_from_db()
    assert (freeze.state, freeze.version) == ("failed", None)
    assert "None of the 4 pairs is left after “Minimum margin”" in freeze.error
    assert freeze.error in people.client("rita").get(run_url(run)).content.decode()
    assert not DatasetVersion.objects.exists()


def test_a_worker_that_was_given_up_leaves_no_version(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze = freeze_request(run=a_run(people), user=None)

    def slow(**kwargs: Any) -> DatasetVersion:
        version = dataset_freeze(**kwargs)
        DatasetFreeze.objects.update(attempt=2)  # another worker has taken it up
        return version

    monkeypatch.setattr(service, "dataset_freeze", slow)
    freeze_build(freeze_id=freeze.pk)
    assert not DatasetVersion.objects.exists()
    assert not DatasetRow.objects.exists()
    assert not DroppedPair.objects.exists()


def test_what_a_lost_worker_left_running_is_frozen_once(people: People) -> None:
    freeze = freeze_request(run=a_run(people), user=None)
    long_ago = timezone.now() - timedelta(hours=1)
    DatasetFreeze.objects.update(state="running", attempt=1, heartbeat_at=long_ago)
    freezes_recover()
    freeze.refresh_from_db()
    assert (freeze.state, freeze.attempt) == ("done", 2)
    assert DatasetVersion.objects.count() == 1


def test_done_means_there_is_a_version(people: People) -> None:
    freeze_request(run=a_run(people), user=None)
    with pytest.raises(IntegrityError, match="freeze_done_with_a_version"), transaction.atomic():
        DatasetFreeze.objects.update(state="done")


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 302), ("rita", 302), ("rob", 404), ("anna", 404), ("charlie", 404)],
)
def test_who_may_freeze(people: People, name: str, status: int) -> None:
    run = a_run(people)
    assert people.client(name).post(freeze_url(run)).status_code == status
    assert DatasetFreeze.objects.exists() == (status == 302)


def test_a_note_that_is_too_long_is_refused(people: People) -> None:
    run = a_run(people)
    page = people.client("rita").post(freeze_url(run), {"note": "x" * 2001}, follow=True)
    assert "keep it under 2000 characters" in page.content.decode()
    assert not DatasetFreeze.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_freezes_at_once_get_numbers_of_their_own(people: People) -> None:
    recipe = a_run(people).recipe
    versions = together([partial(dataset_freeze, recipe=recipe, user=None) for _ in range(6)])
    assert sorted(version.number for version in versions) == [1, 2, 3, 4, 5, 6]
    assert len({version.content_hash for version in versions}) == 1
    assert all(version.rows.count() == version.n_rows == 2 for version in versions)
