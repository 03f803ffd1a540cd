"""A recipe run by a worker: how it is asked for, what its page says, and what a lost worker leaves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from curation.errors import CurationError
from curation.models import DatasetFreeze, FilterRecipe, RecipeRun
from curation.services import run_build as service
from curation.services.run_build import run_build, run_request, runs_recover
from tests.conftest import People
from tests.curation.recipe_data import judged_project, saved_recipe
from tests.together import together

pytestmark = pytest.mark.django_db
POLL = {"HX-Request": "true", "HX-Target": "standing"}


@pytest.fixture
def recipe(people: People) -> FilterRecipe:
    judged_project(people.project)
    return saved_recipe(people.project)


def run_url(run: RecipeRun) -> str:
    return reverse("curation:run-detail", args=["helpfulness", run.pk])


def recipe_url(recipe: FilterRecipe, name: str = "recipe-detail") -> str:
    return reverse(f"curation:{name}", args=["helpfulness", recipe.pk])


def page_of(people: People, url: str) -> str:
    return people.client("rita").get(url).content.decode()


def test_it_works(
    people: People,
    recipe: FilterRecipe,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    client = people.client("rita")
    with django_capture_on_commit_callbacks(execute=True):
        sent = client.post(recipe_url(recipe, "recipe-run"))
    run = RecipeRun.objects.get()
    assert sent.headers["Location"] == run_url(run)
    assert (run.state, run.pairs_in, run.pairs_kept, run.created_by) == ("done", 4, 2, people.rita)
    page = page_of(people, run_url(run))
    assert "2 of 4 pairs are left" in page
    assert "every 2s" not in page


def test_the_page_asks_again_only_while_the_run_is_on_its_way(people: People, recipe: FilterRecipe) -> None:
    run = run_request(recipe=recipe, user=people.rita)
    page = page_of(people, run_url(run))
    assert "every 2s" in page
    assert "Queued" in page
    assert "Freeze a dataset version" not in page
    client = people.client("rob")
    fragment = client.get(run_url(run), headers=POLL)
    assert "<html" not in fragment.content.decode()
    assert "HX-Refresh" not in fragment.headers
    run_build(run_id=run.pk)
    assert client.get(run_url(run), headers=POLL).headers["HX-Refresh"] == "true"
    assert "every 2s" not in page_of(people, run_url(run))


def test_lists_show_what_is_on_its_way_apart_from_what_is_done(people: People, recipe: FilterRecipe) -> None:
    done = run_request(recipe=recipe, user=None)
    run_build(run_id=done.pk)
    waiting = run_request(recipe=recipe, user=None)
    page = page_of(people, recipe_url(recipe))
    assert f"Run {done.pk}" in page
    assert f"Run {waiting.pk}" in page
    assert "Queued" in page
    recipes = page_of(people, reverse("curation:recipe-list", args=["helpfulness"]))
    assert f'href="{run_url(done)}">kept 2 of 4' in recipes


def test_a_double_click_runs_once_and_a_later_one_again(recipe: FilterRecipe) -> None:
    first = run_request(recipe=recipe, user=None)
    assert run_request(recipe=recipe, user=None) == first
    run_build(run_id=first.pk)
    assert run_request(recipe=recipe, user=None) != first
    with pytest.raises(IntegrityError, match="run_one_at_a_time"), transaction.atomic():
        RecipeRun.objects.create(recipe=recipe)


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_give_one_run(recipe: FilterRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.tasks.run_build.delay", lambda _run_id: None)  # no worker yet
    runs = together([partial(run_request, recipe=recipe, user=None) for _ in range(4)])
    assert len({run.pk for run in runs}) == 1


def test_what_a_recipe_cannot_do_is_told_on_the_run_s_page(
    people: People, recipe: FilterRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_recipe: FilterRecipe) -> dict[str, Any]:
        raise CurationError("Nobody has embedded the prompts.")

    monkeypatch.setattr(service, "recipe_funnel", refused)
    run = run_request(recipe=recipe, user=None)
    run_build(run_id=run.pk)
    page = page_of(people, run_url(run))
    assert "Nobody has embedded the prompts." in page
    assert "Back to the recipe" in page
    assert "pairs are left" not in page


def test_a_run_that_is_not_done_is_not_frozen(people: People, recipe: FilterRecipe) -> None:
    run = run_request(recipe=recipe, user=None)
    path = reverse("curation:dataset-freeze", args=["helpfulness", run.pk])
    assert people.client("rita").post(path).status_code == 404
    assert not DatasetFreeze.objects.exists()


def test_a_worker_that_was_given_up_writes_nothing(
    recipe: FilterRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_request(recipe=recipe, user=None)

    def slow(_recipe: FilterRecipe) -> dict[str, Any]:
        RecipeRun.objects.update(attempt=2)  # another worker has taken it up
        return {"pairs_in": 7}

    monkeypatch.setattr(service, "recipe_funnel", slow)
    run_build(run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.pairs_in) == ("running", 0)


def test_what_a_lost_worker_left_running_is_run_again(recipe: FilterRecipe) -> None:
    run = run_request(recipe=recipe, user=None)
    long_ago = timezone.now() - timedelta(hours=1)
    RecipeRun.objects.update(state="running", attempt=1, heartbeat_at=long_ago)
    runs_recover()
    run.refresh_from_db()
    assert (run.state, run.attempt, run.pairs_kept) == ("done", 2, 2)


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 302), ("rita", 302), ("rob", 404), ("anna", 404), ("charlie", 404)],
)
def test_who_may_run(people: People, recipe: FilterRecipe, name: str, status: int) -> None:
    assert people.client(name).post(recipe_url(recipe, "recipe-run")).status_code == status
    assert RecipeRun.objects.exists() == (status == 302)
