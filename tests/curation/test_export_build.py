"""A version written by a worker: how a file is asked for, what the page says, what a lost worker leaves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from curation.errors import CurationError
from curation.models import DatasetVersion, Export, ExportBuild, ScoreProducer
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_build import export_build, export_builds_recover, export_request
from curation.services.export_tokens import Limit
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, saved_recipe
from tests.together import together

pytestmark = pytest.mark.django_db
PAGE = "/p/helpfulness/datasets/1/"
CREATE = f"{PAGE}export/"
ASKED: dict[str, Any] = {"format": "trl_jsonl", "split": "all"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def version(people: People) -> DatasetVersion:
    judged_project(people.project)
    return dataset_freeze(recipe=saved_recipe(people.project), user=None)


def page_of(people: People, name: str = "rita") -> str:
    return people.client(name).get(PAGE).content.decode()


def test_it_works(
    people: People,
    version: DatasetVersion,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sent = people.client("rita").post(CREATE, ASKED)
    assert sent.headers["Location"] == f"{PAGE}#exports"
    export = Export.objects.get()
    assert (export.format, export.n_rows, export.created_by) == ("trl_jsonl", 2, people.rita)
    build = ExportBuild.objects.get()
    assert (build.state, build.export) == ("done", export)
    page = page_of(people)
    assert export.sha256 in page
    assert "every 2s" not in page


def test_the_page_asks_again_only_while_a_file_is_being_written(
    people: People, version: DatasetVersion
) -> None:
    assert "No files yet" in page_of(people)
    build = export_request(version=version, user=people.rita, **ASKED)
    page = page_of(people, "rob")
    assert f'hx-get="{PAGE}" hx-trigger="every 2s"' in page
    assert "trl_jsonl, split all, asked for" in page
    assert "No files yet" not in page
    export_build(build_id=build.pk)
    fragment = people.client("rob").get(PAGE, headers=HTMX).content.decode()
    assert Export.objects.get().sha256 in fragment
    assert "<html" not in fragment
    assert "every 2s" not in fragment


def test_a_double_click_writes_once_and_a_later_one_finds_the_file(version: DatasetVersion) -> None:
    first = export_request(version=version, user=None, **ASKED)
    assert export_request(version=version, user=None, **ASKED) == first
    assert export_request(version=version, user=None, format="csv", split="all") != first
    export_build(build_id=first.pk)
    export = Export.objects.get()
    written = Path(export.path).stat().st_mtime_ns
    export_build(build_id=export_request(version=version, user=None, **ASKED).pk)
    assert Export.objects.get() == export
    assert Path(export.path).stat().st_mtime_ns == written


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_give_one_file(version: DatasetVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.tasks.export_build.delay", lambda _build_id: None)  # no worker yet
    builds = together([partial(export_request, version=version, user=None, **ASKED) for _ in range(4)])
    assert len({build.pk for build in builds}) == 1


def test_what_no_worker_could_write_is_refused_at_once(people: People, version: DatasetVersion) -> None:
    with pytest.raises(CurationError, match="There is no export “none”"):
        export_request(version=version, user=None, format="none", split="all")
    chars = ScoreProducer.objects.create(
        project=people.project, scorer="length_gap", fingerprint="f", label="Characters"
    )
    with pytest.raises(CurationError, match="counts no tokens"):
        export_request(version=version, user=None, limit=Limit(chars, 64), **ASKED)
    assert not ExportBuild.objects.exists()


def test_what_a_worker_finds_out_is_told_on_the_page(people: People, version: DatasetVersion) -> None:
    counted = ScoreProducer.objects.create(
        project=people.project, scorer="shared_tokens", fingerprint="f", label="SmolLM2"
    )
    build = export_request(version=version, user=None, limit=Limit(counted, 64), **ASKED)
    export_build(build_id=build.pk)
    page = page_of(people)
    assert "up to 64 tokens of SmolLM2" in page
    assert "The tokens of 2 pairs of this split were not counted" in page
    assert "every 2s" not in page
    assert export_request(version=version, user=None, limit=Limit(counted, 64), **ASKED) != build


def test_the_database_keeps_one_on_its_way_and_its_export(version: DatasetVersion) -> None:
    export_request(version=version, user=None, **ASKED)
    with pytest.raises(IntegrityError, match="export_build_one_at_a_time"), transaction.atomic():
        ExportBuild.objects.create(version=version, **ASKED)
    with pytest.raises(IntegrityError, match="export_build_done_with_an_export"), transaction.atomic():
        ExportBuild.objects.update(state="done")
    with pytest.raises(IntegrityError, match="export_build_tokens_with_max_length"), transaction.atomic():
        ExportBuild.objects.update(max_length=64)


def test_what_a_lost_worker_left_running_is_written_once(version: DatasetVersion) -> None:
    build = export_request(version=version, user=None, **ASKED)
    long_ago = timezone.now() - timedelta(hours=1)
    ExportBuild.objects.update(state="running", attempt=1, heartbeat_at=long_ago)
    export_builds_recover()
    build.refresh_from_db()
    assert (build.state, build.attempt, build.export) == ("done", 2, Export.objects.get())


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 302), ("rita", 302), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_who_may_export(people: People, version: DatasetVersion, name: str, status: int) -> None:
    assert people.client(name).post(CREATE, ASKED).status_code == status
    assert ExportBuild.objects.exists() == (name in {"alice", "rita"})


def test_a_version_of_another_project_is_not_found(people: People, version: DatasetVersion) -> None:
    path = reverse("curation:export-create", args=["elsewhere", 1])
    assert people.client("charlie").post(path, ASKED).status_code == 404


def test_the_list_costs_the_same_for_one_request_and_many(
    people: People, version: DatasetVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for name in ("csv", "trl_jsonl", "openrlhf"):
        judged_pair(people.project, 0.9)
        export_request(version=version, user=None, format=name, split="all")
        with django_assert_max_num_queries(8):
            assert client.get(PAGE, headers=HTMX).status_code == 200
