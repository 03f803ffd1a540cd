"""Pushing a dataset folder: the real client of Hugging Face against a hub on this machine."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from curation.errors import CurationError
from curation.hub import client
from curation.models import DatasetVersion, Export, HubPush
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from curation.services.hub_push import hub_push, hub_push_recover, hub_push_request
from tests.conftest import People
from tests.curation.fake_hub import TOKEN, FakeHub, serving
from tests.curation.recipe_data import judged_project, saved_recipe

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:\\s*The 'queue' task attribute"),
]

REPO = "our-lab/helpfulness"


@pytest.fixture
def hub(settings: Settings) -> Iterator[FakeHub]:
    with serving() as found:
        settings.HF_ENDPOINT = found.endpoint
        settings.HF_TOKEN = TOKEN
        yield found


@pytest.fixture
def version(people: People) -> DatasetVersion:
    judged_project(people.project)
    return dataset_freeze(recipe=saved_recipe(people.project), user=None)


@pytest.fixture
def export(version: DatasetVersion) -> Export:
    return export_write(version=version, format="hub_folder", split="all", user=None)


def pushed(export: Export, **asked: Any) -> HubPush:
    push = hub_push_request(export=export, **{"repo_id": REPO, "private": True, "user": None, **asked})
    hub_push(push_id=push.pk)
    push.refresh_from_db()
    return push


def test_it_works(hub: FakeHub, export: Export) -> None:
    push = pushed(export)
    assert (push.state, push.error) == ("done", "")
    repository = hub.repositories[REPO]
    assert repository.private
    assert sorted(repository.files) == ["README.md", "data/test.parquet", "data/train.parquet"]
    assert b"pretty_name: Helpfulness, version 1" in repository.files["README.md"]
    rows = pq.read_table(io.BytesIO(repository.files["data/train.parquet"])).num_rows
    assert rows == export.n_rows - 1
    assert (push.revision, push.url) == (
        repository.commits[-1],
        f"{hub.endpoint}/datasets/{REPO}/commit/{push.revision}",
    )


def test_the_same_files_make_no_second_commit(hub: FakeHub, export: Export) -> None:
    first = pushed(export)
    Path(export.path).unlink()  # cleaned away, and written again for the push
    second = pushed(export)
    assert (second.state, second.revision) == ("done", first.revision)
    assert len(hub.repositories[REPO].commits) == 2


def test_another_export_is_another_commit_and_takes_a_split_away(
    hub: FakeHub, version: DatasetVersion, export: Export
) -> None:
    first = pushed(export)
    hub.repositories[REPO].files["LICENSE"] = b"mine"
    train = export_write(version=version, format="hub_folder", split="train", user=None)
    second = pushed(train)
    assert second.state == "done"
    assert second.revision != first.revision
    assert sorted(hub.repositories[REPO].files) == ["LICENSE", "README.md", "data/train.parquet"]


def test_a_public_repository_is_refused_where_a_private_one_was_meant(hub: FakeHub, export: Export) -> None:
    assert pushed(export, private=False).state == "done"
    assert not hub.repositories[REPO].private
    push = pushed(export)
    assert (push.state, "there already and public" in push.error) == ("failed", True)
    assert len(hub.repositories[REPO].commits) == 2


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "may not write"),
        (404, "no such owner"),
        (429, "fewer requests"),
        (500, "trouble of its own (status 500)"),
        (400, "refused the folder (status 400)"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(
    hub: FakeHub, export: Export, status: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # between the tries of the client
    hub.status = status
    push = pushed(export)
    assert (push.state, push.url) == ("failed", "")
    assert words in push.error


def test_a_wrong_token_is_named_and_told_nowhere(
    hub: FakeHub, export: Export, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.HF_TOKEN = "hf_wrong_one"
    with caplog.at_level(logging.DEBUG):
        push = pushed(export)
    assert (push.state, "refuses the token" in push.error) == ("failed", True)
    assert "hf_wrong_one" not in caplog.text + push.error
    assert "hf_wrong_one" not in repr(client.Target("e", "hf_wrong_one", REPO, private=True))
    assert not hub.repositories


def test_no_hub_and_no_network(
    hub: FakeHub, export: Export, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    settings.HF_ENDPOINT = "http://127.0.0.1:9"
    assert "does not answer" in pushed(export).error


def test_without_a_token_nothing_is_asked_for(export: Export, settings: Settings, hub: FakeHub) -> None:
    push = hub_push_request(export=export, repo_id=REPO, private=True, user=None)
    settings.HF_TOKEN = ""
    hub_push(push_id=push.pk)
    push.refresh_from_db()
    assert "The worker has no HF_TOKEN" in push.error
    with pytest.raises(CurationError, match="has not set HF_TOKEN"):
        hub_push_request(export=export, repo_id=REPO, private=True, user=None)
    assert not hub.requests


def test_other_formats_are_not_pushed(hub: FakeHub, version: DatasetVersion) -> None:
    other = export_write(version=version, format="csv", split="all", user=None)
    with pytest.raises(CurationError, match="Only exports as “Hugging Face dataset folder”"):
        hub_push_request(export=other, repo_id=REPO, private=True, user=None)


def test_two_at_once_are_one(hub: FakeHub, export: Export) -> None:
    one, other = (hub_push_request(export=export, repo_id=REPO, private=True, user=None) for _ in range(2))
    assert one == other
    with pytest.raises(IntegrityError), transaction.atomic():
        HubPush.objects.create(export=export, repo_id=REPO)
    HubPush.objects.create(export=export, repo_id="elsewhere/x")


def test_a_push_whose_worker_was_lost_is_taken_up_again(
    hub: FakeHub, export: Export, django_capture_on_commit_callbacks: Any
) -> None:
    push = hub_push_request(export=export, repo_id=REPO, private=True, user=None)
    HubPush.objects.filter(pk=push.pk).update(
        state="running", attempt=1, heartbeat_at=timezone.now() - timedelta(hours=1)
    )
    with django_capture_on_commit_callbacks(execute=True):
        hub_push_recover()
    push.refresh_from_db()
    assert (push.state, push.attempt) == ("done", 2)


def test_a_long_push_shows_signs_of_life(
    hub: FakeHub, export: Export, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "LOOK_EVERY_SECONDS", 0.0)
    beats: list[int] = []
    target = client.Target(hub.endpoint, TOKEN, REPO, private=True)
    client.folder_push(target, Path(export.path), "message", lambda: beats.append(1))
    assert len(beats) > 1


# ── the page ─────────────────────────────────────────────────────────────────


def page(number: int = 1) -> str:
    return reverse("curation:dataset-hub", args=["helpfulness", number])


@pytest.mark.parametrize(
    ("person", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_who_may_push(people: People, hub: FakeHub, export: Export, person: str, status: int) -> None:
    client = people.client(person)
    assert client.get(page()).status_code == status
    posted = client.post(page(), {"export": export.pk, "repo_id": REPO, "private": "on"})
    assert posted.status_code == (302 if status == 200 else status)
    assert HubPush.objects.count() == (1 if status == 200 else 0)


def test_the_form_pushes_and_the_page_shows_where_it_stands(
    people: People, hub: FakeHub, export: Export
) -> None:
    client = people.client("rita")
    first = client.get(page()).content.decode()
    assert "Split all: 2 rows" in first
    assert "checked" in first, "private unless asked otherwise"
    client.post(page(), {"export": export.pk, "repo_id": f" {REPO} ", "private": "on"})
    push = HubPush.objects.get()
    assert (push.repo_id, push.private, push.created_by) == (REPO, True, people.rita)
    part = client.get(page(), headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in part
    assert "<html" not in part
    hub_push(push_id=push.pk)
    done = client.get(page()).content.decode()
    push.refresh_from_db()
    assert f'href="{push.url}"' in done
    assert "every 2s" not in done
    assert TOKEN not in first + part + done


def test_names_that_the_hub_would_refuse(people: People, hub: FakeHub, export: Export) -> None:
    client = people.client("rita")
    for name in ("x", "a/b/c", "a--b/c", "a/b..c", "/a", "a/", "a b/c", "-a/b", "a/b-", "a/../b", "ä/b"):
        answer = client.post(page(), {"export": export.pk, "repo_id": name})
        assert "Write owner/name" in answer.content.decode(), name
    assert not HubPush.objects.exists()


def test_exports_of_other_versions_are_not_offered(people: People, hub: FakeHub, export: Export) -> None:
    dataset_freeze(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}]), user=None)
    client = people.client("rita")
    assert "Nothing to push yet" in client.get(page(2)).content.decode()
    client.post(page(2), {"export": export.pk, "repo_id": REPO})
    assert not HubPush.objects.exists()


def test_without_a_token_the_page_says_who_can_change_that(
    people: People, version: DatasetVersion, settings: Settings
) -> None:
    settings.HF_TOKEN = ""
    client = people.client("rita")
    assert "Pushing is off" in client.get(page()).content.decode()
    detail = reverse("curation:dataset-detail", args=["helpfulness", 1])
    assert page() not in client.get(detail).content.decode()
    settings.HF_TOKEN = TOKEN
    assert page() in client.get(detail).content.decode()
    assert page() not in people.client("rob").get(detail).content.decode()


def test_queries_do_not_grow_with_pushes(
    people: People, hub: FakeHub, export: Export, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for number in range(3):
        HubPush.objects.create(export=export, repo_id=f"a/{number}", created_by=people.rita)
        with django_assert_max_num_queries(11):
            assert client.get(page()).status_code == 200
