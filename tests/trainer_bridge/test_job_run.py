"""Attempts at jobs, with real child processes that are slow, refuse, crash or will not die."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from curation.models import Response
from tests.factories import ProjectFactory, PromptFactory
from tests.trainer_bridge.fakes import FakeProcess, JobFactory, generate_spec
from trainer_bridge import stopping
from trainer_bridge.models import Job
from trainer_bridge.services import job_watch
from trainer_bridge.services.job_run import job_run
from trainer_bridge.services.job_state import job_cancel, job_retry

pytestmark = pytest.mark.django_db(transaction=True)

Choose = Callable[[str], None]


@pytest.fixture
def job() -> Job:
    """Four prompts to answer twice; on a queue of its own test, claimed by nobody."""
    project = ProjectFactory()
    PromptFactory.create_batch(4, project=project)
    created: Job = JobFactory(project=project)
    return created


def drawn(job: Job) -> list[tuple[int, int | None]]:
    responses = Response.objects.filter(prompt__project=job.project)
    return sorted(responses.values_list("prompt_id", "sample_index"))


def wanted(job: Job, n: int = 2) -> list[tuple[int, int]]:
    prompts = job.project.prompts.order_by("pk").values_list("pk", flat=True)
    return [(prompt, index) for prompt in prompts for index in range(n)]


@contextmanager
def running(job: Job) -> Iterator[threading.Thread]:
    """The job in a thread of its own, as another process would run it."""

    def run() -> None:
        try:
            job_run(job_id=job.pk, worker="cpu@test")
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
        thread.join(timeout=20)
    assert not thread.is_alive()


def wait_until(true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_it_works(job: Job, worker: Choose) -> None:
    worker("ok")
    job_run(job_id=job.pk, worker="cpu@test")
    job.refresh_from_db()
    assert (job.state, job.error, job.error_detail) == ("done", "", "")
    assert (job.done, job.total) == (8, 8)
    assert drawn(job) == wanted(job)
    assert job.counts == {"created": 8, "existing": 0, "unknown": 0}
    assert job.result["responses"] == 8
    assert job.environment["device_name"] == job.device == "Fake device"
    assert "answered 8" in job.log_tail
    assert json.loads((job.out_dir / "spec.json").read_text())["prompts"] == "prompts.jsonl"


def test_running_it_again_does_nothing(job: Job, worker: Choose) -> None:
    worker("ok")
    for _ in range(2):
        job_run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("done", 1)


def test_work_that_is_there_is_not_done_again(job: Job, worker: Choose) -> None:
    worker("ok")
    job_run(job_id=job.pk)
    more = JobFactory(project=job.project, spec=generate_spec(n=3))
    job_run(job_id=more.pk)
    more.refresh_from_db()
    assert more.counts["created"] == 4
    assert drawn(job) == wanted(job, n=3)
    same = JobFactory(project=job.project)
    FakeProcess.launched.clear()
    job_run(job_id=same.pk)
    same.refresh_from_db()
    assert (same.state, FakeProcess.launched) == ("done", [])


def test_rows_arrive_while_the_worker_runs(job: Job, worker: Choose) -> None:
    worker("slow")
    with running(job) as thread:
        wait_until(lambda: 0 < len(drawn(job)) < 8)
        assert thread.is_alive()
        wait_until(lambda: Job.objects.get(pk=job.pk).done > 0)
        (job.out_dir / "go").touch()
        thread.join(timeout=20)
    job.refresh_from_db()
    assert job.state == "done"
    assert job.counts["created"] == 8


def test_a_refused_spec_fails_in_the_workers_own_words(job: Job, worker: Choose) -> None:
    worker("bad_spec")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("failed", 1)
    assert job.error.startswith("The model directory has no config.json.")


def test_cancelling_keeps_what_is_finished(job: Job, worker: Choose) -> None:
    worker("slow")
    with running(job) as thread:
        wait_until(lambda: drawn(job))
        assert job_cancel(job=job)
        thread.join(timeout=20)
    job.refresh_from_db()
    assert (job.state, job.error) == ("cancelled", "")
    written = (job.out_dir / "responses.jsonl").read_text().splitlines()
    assert 0 < len(drawn(job)) == len(written) < 8

    worker("ok")
    assert job_retry(job=job)  # tasks are eager in tests: sending runs it
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("done", 8, 8)
    assert drawn(job) == wanted(job)
    assert job.counts["created"] == 8


def test_a_worker_that_ignores_the_request_is_killed(job: Job, worker: Choose) -> None:
    worker("stubborn")
    with running(job) as thread:
        wait_until(lambda: drawn(job))
        job_cancel(job=job)
        thread.join(timeout=20)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert [child.poll() for child in FakeProcess.launched] == [-9]


def test_a_crash_is_tried_again_without_loss_or_doubles(job: Job, worker: Choose) -> None:
    worker("crash_once")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("done", 2)
    assert drawn(job) == wanted(job)
    assert job.counts == {"created": 8, "existing": 0, "unknown": 0}
    assert len(FakeProcess.launched) == 2


def test_a_job_that_keeps_crashing_fails_in_words(job: Job, worker: Choose) -> None:
    worker("crash")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("failed", 4)
    assert "exit status 1: RuntimeError: the tokenizer fell over" in job.error
    assert "tried 4 times" in job.error
    assert "Traceback" in job.error_detail
    assert len(drawn(job)) == 4  # each attempt got one further


def test_what_will_not_get_better_is_not_tried_again(job: Job, worker: Choose) -> None:
    worker("out_of_memory")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempt) == ("failed", 1)
    assert "did not fit in memory" in job.error


def test_a_missing_interpreter_is_said(
    job: Job, worker: Choose, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer_bridge.kinds.generate.backend_python", lambda _: "/nowhere/python")
    settings.LAUNCH_BACKEND = "trainer_bridge.backends.local_process.LocalProcess"  # type: ignore[attr-defined]
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "/nowhere/python: No such file or directory" in job.error


def test_when_everything_failed_the_job_failed(job: Job, worker: Choose) -> None:
    worker("unanswered")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "all 8 pieces of work failed" in job.error
    assert "connection refused" in job.error
    worker("ok")
    assert job_retry(job=job)
    job.refresh_from_db()
    assert (job.state, "failed" in job.counts, "failures" in job.result) == ("done", False, False)


def test_a_fault_of_ours_is_masked_and_logged(
    job: Job, worker: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*args: object, **kwargs: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr("trainer_bridge.kinds.generate.responses_ingest", fault)
    worker("slow")
    job_run(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "secret detail" not in job.error
    assert "secret detail" in job.error_detail
    assert FakeProcess.launched[0].poll() is not None


def test_a_stopping_worker_gives_the_job_back(
    job: Job, worker: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("trainer_bridge.services.job_state.job_send", lambda *, job_id: sent.append(job_id))
    worker("slow")
    try:
        with running(job) as thread:
            wait_until(lambda: drawn(job))
            stopping.SHUTTING_DOWN.value = 1
            thread.join(timeout=20)
            job.refresh_from_db()
    finally:
        stopping.SHUTTING_DOWN.value = 0
    assert (job.state, job.attempt, job.attempts_allowed, sent) == ("queued", 1, 5, [job.pk])


def test_a_job_taken_over_is_let_go(job: Job, worker: Choose) -> None:
    worker("slow")
    with running(job) as thread:
        wait_until(lambda: drawn(job))
        Job.objects.filter(pk=job.pk).update(attempt=2)
        thread.join(timeout=20)
        job.refresh_from_db()
    assert (job.state, job.attempt) == ("running", 2)
    assert FakeProcess.launched[0].poll() is not None


def test_losing_the_database_costs_nothing(job: Job, worker: Choose) -> None:
    worker("slow")
    Job.objects.filter(pk=job.pk).update(spec=generate_spec(n=16))
    with running(job) as thread:
        wait_until(lambda: drawn(job))
        for _ in range(3):
            seen = len(drawn(job))
            cut_other_connections()
            wait_until(partial(grown, job, seen))
        (job.out_dir / "go").touch()
        thread.join(timeout=20)
    job.refresh_from_db()
    assert (job.state, job.attempt, len(FakeProcess.launched)) == ("done", 1, 1)
    assert drawn(job) == wanted(job, n=16)
    assert job.counts == {"created": 64, "existing": 0, "unknown": 0}


def grown(job: Job, seen: int) -> bool:
    return len(drawn(job)) > seen


def cut_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_database_that_stays_away_ends_the_worker(
    job: Job, worker: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_watch, "PATIENCE_SECONDS", 0.2)

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("trainer_bridge.kinds.generate.responses_ingest", away)
    worker("slow")
    with pytest.raises(OperationalError):
        job_run(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "running"  # recovery takes it back when its heartbeat is old
    assert FakeProcess.launched[0].poll() is not None
