"""Jobs whose worker is gone, and messages that never arrived."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.trainer_bridge.fakes import JobFactory, WorkerFactory
from trainer_bridge.models import Job, Worker
from trainer_bridge.services import job_recover, job_state
from trainer_bridge.services.job_recover import jobs_recover

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The jobs whose message went out."""
    ids: list[int] = []
    for module in (job_state, job_recover):
        monkeypatch.setattr(module, "job_send", lambda *, job_id: ids.append(job_id))
    return ids


def ago(seconds: float) -> object:
    return timezone.now() - timedelta(seconds=seconds)


def lost(**fields: object) -> Job:
    job: Job = JobFactory(state="running", heartbeat_at=ago(60), claimed_by="gpu@gone", attempt=1, **fields)
    return job


def test_it_works(sent: list[int]) -> None:
    job = lost()
    jobs_recover()
    job.refresh_from_db()
    assert (job.state, sent) == ("queued", [job.pk])
    assert job.message.startswith("gpu@gone stopped answering")


def test_a_beating_job_is_left_alone(sent: list[int]) -> None:
    job = JobFactory(state="running", heartbeat_at=ago(10), attempt=1)
    jobs_recover()
    job.refresh_from_db()
    assert (job.state, sent) == ("running", [])


def test_after_the_last_attempt_it_fails_in_words(sent: list[int]) -> None:
    job = lost(attempts_allowed=1)
    jobs_recover()
    job.refresh_from_db()
    assert (job.state, sent) == ("failed", [])
    assert "press Retry" in job.error


def test_a_cancelled_one_stays_cancelled(sent: list[int]) -> None:
    job = lost(cancel_requested_at=ago(60))
    jobs_recover()
    job.refresh_from_db()
    assert (job.state, sent) == ("cancelled", [])


@pytest.mark.parametrize(
    ("sent_seconds_ago", "fields", "again"),
    [
        (None, {}, True),
        (90, {}, True),
        (10, {}, False),
        (None, {"queue": "cpu"}, False),
        (None, {"state": "done"}, False),
    ],
)
def test_a_lost_message_is_sent_again_to_an_idle_worker(
    sent: list[int], sent_seconds_ago: float | None, fields: dict[str, object], again: bool
) -> None:
    WorkerFactory(started_at=timezone.now(), seen_at=timezone.now(), queues=["gpu"])
    sent_at = None if sent_seconds_ago is None else ago(sent_seconds_ago)
    job = JobFactory(**{"queue": "gpu", "sent_at": sent_at, **fields})
    Job.objects.update(created_at=ago(90))
    jobs_recover()
    assert sent == ([job.pk] if again else [])


def test_nothing_is_sent_to_busy_or_absent_workers(sent: list[int]) -> None:
    JobFactory(queue="gpu", sent_at=ago(90))
    Job.objects.update(created_at=ago(90))
    jobs_recover()
    WorkerFactory(started_at=timezone.now(), seen_at=timezone.now())
    JobFactory(queue="gpu", state="running", heartbeat_at=timezone.now(), attempt=1)
    jobs_recover()
    assert sent == []


def test_workers_long_gone_are_forgotten(sent: list[int]) -> None:
    WorkerFactory(started_at=ago(9e5), seen_at=ago(9e5))
    kept = WorkerFactory(started_at=ago(9e5), seen_at=ago(60))
    jobs_recover()
    assert list(Worker.objects.all()) == [kept]
