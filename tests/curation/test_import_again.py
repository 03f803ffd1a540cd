"""A failed import is tried again, or its file discarded; one that waits for nobody says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from kombu.exceptions import OperationalError

from curation.errors import CurationError
from curation.models import ImportIssue, Prompt, PromptImport
from curation.services import prompt_import as service
from curation.services.prompt_land import batch_land
from curation.services.prompt_parse import FieldMapping
from tests.conftest import People
from tests.trainer_bridge.fakes import WorkerFactory

pytestmark = [
    pytest.mark.django_db,
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:\\s*The 'queue' task attribute"),
]

PROMPT = FieldMapping(prompt="prompt")
ROWS = b"".join(b'{"prompt": "Question %d?"}\n' % number for number in range(9)) + b"bad\n"
BASE = "/p/helpfulness"


def draft(people: People) -> PromptImport:
    upload = ContentFile(ROWS, name="prompts.jsonl")
    return service.import_create(project=people.project, user=people.rita, upload=upload)


def failed(people: People, monkeypatch: pytest.MonkeyPatch) -> PromptImport:
    """An import that landed six of ten rows and then met a fault."""
    monkeypatch.setattr(service, "BATCH_ROWS", 3)
    calls: list[Any] = []

    def breaks_in_third(**batch: Any) -> None:
        calls.append(batch)
        if len(calls) == 3:
            raise RuntimeError
        batch_land(**batch)

    prompt_import = draft(people)
    service.import_start(prompt_import=prompt_import, mapping=PROMPT, send=False)
    with patch.object(service, "batch_land", breaks_in_third):
        service.import_run(import_id=prompt_import.pk)
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.rows_read, Prompt.objects.count()) == ("failed", 6, 6)
    return prompt_import


def stored(prompt_import: PromptImport) -> Path:
    return Path(prompt_import.file.path)


def test_it_works(
    people: People, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    prompt_import, client = failed(people, monkeypatch), people.client("rita")
    url = f"{BASE}/imports/{prompt_import.pk}/"
    assert f'action="{url}restart/"' in client.get(url).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(f"{url}restart/", follow=True).content.decode()
    assert "continues where it stopped" in page
    prompt_import.refresh_from_db()
    assert (prompt_import.state, prompt_import.error, prompt_import.attempt) == ("done", "", 2)
    assert (prompt_import.rows_read, prompt_import.rows_created, prompt_import.rows_failed) == (10, 9, 1)
    assert prompt_import.rows_duplicate == 0
    assert list(ImportIssue.objects.values_list("line", flat=True)) == [10]


def test_pressing_twice_queues_once(
    people: People, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    prompt_import, client = failed(people, monkeypatch), people.client("alice")
    url = f"{BASE}/imports/{prompt_import.pk}/restart/"
    with django_capture_on_commit_callbacks() as callbacks:
        client.post(url)
        again = client.post(url, follow=True)
    assert len(callbacks) == 1
    assert "queued already" in again.content.decode()
    prompt_import.refresh_from_db()
    assert prompt_import.state == "queued"


def test_a_restart_may_lose_its_worker_as_often_as_a_start(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt_import = failed(people, monkeypatch)
    PromptImport.objects.update(attempt=service.MAX_ATTEMPTS, error=service.GIVEN_UP)
    service.import_restart(prompt_import=prompt_import)
    long_ago = timezone.now() - timedelta(hours=1)
    PromptImport.objects.update(state="running", attempt=service.MAX_ATTEMPTS + 1, heartbeat_at=long_ago)
    with patch.object(service, "_send"):
        service.imports_recover()
    prompt_import.refresh_from_db()
    assert prompt_import.state == "queued"


def test_the_pause_before_a_restart_is_not_counted(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt_import = failed(people, monkeypatch)
    yesterday = timezone.now() - timedelta(days=1)
    PromptImport.objects.update(started_at=yesterday, finished_at=yesterday + timedelta(seconds=10))
    service.import_restart(prompt_import=prompt_import)
    service.import_run(import_id=prompt_import.pk)
    prompt_import.refresh_from_db()
    assert 10 <= prompt_import.seconds < 60


def test_a_discarded_draft_leaves_nothing(people: People, django_capture_on_commit_callbacks: Any) -> None:
    prompt_import, client = draft(people), people.client("rita")
    url, path = f"{BASE}/imports/{prompt_import.pk}/", stored(prompt_import)
    assert f'href="{url}discard/"' in client.get(url).content.decode()
    assert "Delete the file" in client.get(f"{url}discard/").content.decode()
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        first = client.post(f"{url}discard/")
        second = client.post(f"{url}discard/")
    assert first.headers["Location"] == second.headers["Location"] == f"{BASE}/prompts/import/"
    assert not path.exists()
    assert not PromptImport.objects.exists()


def test_a_discarded_failure_keeps_what_landed_and_its_report(
    people: People, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    prompt_import, client = failed(people, monkeypatch), people.client("rita")
    url, path = f"{BASE}/imports/{prompt_import.pk}/", stored(prompt_import)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{url}discard/")
        client.post(f"{url}discard/")
    assert not path.exists()
    assert Prompt.objects.filter(prompt_import=prompt_import).count() == 6
    page = client.get(url).content.decode()
    assert "unexpected error" in page
    assert "upload it again" in page
    assert "restart/" not in page
    assert "deleted already" in client.get(f"{url}discard/").content.decode()
    with pytest.raises(CurationError, match="discarded"):
        service.import_restart(prompt_import=prompt_import)


@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_only_drafts_and_failures_are_discarded_or_restarted(people: People, state: str) -> None:
    prompt_import, client = draft(people), people.client("rita")
    PromptImport.objects.update(state=state)
    url = f"{BASE}/imports/{prompt_import.pk}/"
    assert "Delete the file" not in client.get(f"{url}discard/").content.decode()
    client.post(f"{url}discard/")
    client.post(f"{url}restart/")
    prompt_import.refresh_from_db()
    assert prompt_import.state == state
    assert stored(prompt_import).exists()


@pytest.mark.parametrize("name", ["rob", "anna", "charlie", "anonymous"])
def test_others_may_do_neither(people: People, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    prompt_import = failed(people, monkeypatch)
    expected = 302 if name == "anonymous" else 404
    for what in ("restart", "discard"):
        answer = people.client(name).post(f"{BASE}/imports/{prompt_import.pk}/{what}/")
        assert answer.status_code == expected, what
    prompt_import.refresh_from_db()
    assert prompt_import.state == "failed"
    assert stored(prompt_import).exists()


def test_an_import_of_another_project_is_out_of_reach(people: People) -> None:
    prompt_import = draft(people)
    client = people.client("charlie")
    client.post(f"/p/elsewhere/imports/{prompt_import.pk}/discard/")
    assert client.post(f"/p/elsewhere/imports/{prompt_import.pk}/restart/").status_code == 404
    assert PromptImport.objects.filter(pk=prompt_import.pk).exists()


def test_a_start_while_the_broker_is_away_waits_as_queued(
    people: People, django_capture_on_commit_callbacks: Any
) -> None:
    prompt_import = draft(people)
    with (
        patch("curation.tasks.import_run.delay", side_effect=OperationalError("connection refused")),
        django_capture_on_commit_callbacks(execute=True),
    ):
        answer = people.client("rita").post(
            f"{BASE}/imports/{prompt_import.pk}/start/",
            {"prompt": "prompt", "kind": "text", "default_split": "train"},
        )
    assert answer.status_code == 302
    PromptImport.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    service.imports_recover()
    prompt_import.refresh_from_db()
    assert prompt_import.state == "done"


@pytest.mark.parametrize(
    ("state", "silent_for", "queues", "said"),
    [
        ("queued", 0, [], True),
        ("queued", 0, ["gpu"], True),
        ("queued", 0, ["cpu"], False),
        ("running", 0, [], False),
        ("running", 600, [], True),
        ("running", 600, ["cpu"], False),
        ("done", 600, [], False),
    ],
)
def test_an_import_that_no_worker_will_take_says_so(
    people: People, state: str, silent_for: int, queues: list[str], said: bool
) -> None:
    prompt_import = draft(people)
    heard = timezone.now() - timedelta(seconds=silent_for)
    PromptImport.objects.update(state=state, heartbeat_at=heard, started_at=heard)
    if queues:
        WorkerFactory(queues=queues, started_at=heard, seen_at=timezone.now())
    page = (
        people.client("rita")
        .get(f"{BASE}/imports/{prompt_import.pk}/", headers={"HX-Request": "true"})
        .content.decode()
    )
    assert ("celery -A config worker -Q cpu" in page) == said
    assert ("so this import waits" in page) == said


def test_the_header_counts_waiting_imports(people: People) -> None:
    draft(people)
    PromptImport.objects.update(state="queued")
    status = people.client("rita").get(f"{BASE}/worker-status/").content.decode()
    assert "1 waiting, no worker" in status
