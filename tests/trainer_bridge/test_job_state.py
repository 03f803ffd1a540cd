"""The whole state table, written out a second time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import product

import pytest
from django.db import connection
from django.utils import timezone

from tests.trainer_bridge.fakes import JobFactory
from trainer_bridge.models import Job
from trainer_bridge.services.job_state import (
    JobLostError,
    Move,
    job_cancel,
    job_claim,
    job_fail,
    job_finish,
    job_move,
    job_requeue,
    job_retry,
)

TABLE = {
    ("queued", "CLAIM"): "running",
    ("queued", "WITHDRAW"): "cancelled",
    ("running", "FINISH"): "done",
    ("running", "FAIL"): "failed",
    ("running", "STOP"): "cancelled",
    ("running", "REQUEUE"): "queued",
    ("failed", "RETRY"): "queued",
    ("cancelled", "RETRY"): "queued",
}


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "move"), list(product(Job.State.values, [move.name for move in Move])))
def test_every_move_from_every_state(state: str, move: str) -> None:
    job = JobFactory(state=state)
    after = TABLE.get((state, move))
    assert job_move(job_id=job.pk, move=Move[move]) is (after is not None)
    job.refresh_from_db()
    assert job.state == (after or state)
    assert (job.finished_at is not None) is (after in {"done", "failed", "cancelled"})


@pytest.mark.django_db
def test_claim_counts_attempts_and_notes_who() -> None:
    job = JobFactory(error="old", state="queued")
    claimed = job_claim(job_id=job.pk, worker="gpu@here")
    assert claimed is not None
    assert (claimed.attempt, claimed.claimed_by, claimed.error) == (1, "gpu@here", "")
    assert claimed.heartbeat_at is not None
    assert job_claim(job_id=job.pk, worker="gpu@there") is None


@pytest.mark.django_db
def test_a_lost_attempt_changes_nothing() -> None:
    job = JobFactory(state="running", attempt=2)
    stale = Job.objects.get(pk=job.pk)
    stale.attempt = 1
    moves: tuple[Callable[[], None], ...] = (
        lambda: job_finish(job=stale, result={}),
        lambda: job_fail(job=stale, error="x"),
        lambda: job_requeue(job=stale, message="x"),
    )
    for end in moves:
        with pytest.raises(JobLostError):
            end()
    job.refresh_from_db()
    assert job.state == "running"


@pytest.mark.django_db
def test_cancel_a_queued_job_at_once_and_ask_a_running_one() -> None:
    queued, running, done = JobFactory(), JobFactory(state="running"), JobFactory(state="done")
    assert [job_cancel(job=job) for job in (queued, running, done)] == [True, True, False]
    for job in (queued, running, done):
        job.refresh_from_db()
    assert (queued.state, running.state, done.state) == ("cancelled", "running", "done")
    assert running.cancel_requested_at is not None
    assert done.cancel_requested_at is None


@pytest.mark.django_db
def test_retry_grants_new_attempts_and_forgets_the_cancellation() -> None:
    job = JobFactory(state="failed", attempt=4, error="x", cancel_requested_at=timezone.now())
    assert job_retry(job=job)
    assert not job_retry(job=job)
    job.refresh_from_db()
    assert (job.state, job.attempts_allowed, job.error, job.cancel_requested_at) == ("queued", 8, "", None)


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_one_wins() -> None:
    job = JobFactory()
    start = threading.Barrier(12)
    winners: list[int] = []

    def claim(number: int) -> None:
        try:
            start.wait()
            if job_claim(job_id=job.pk, worker=f"gpu@{number}") is not None:
                winners.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.refresh_from_db()
    assert [job.claimed_by] == [f"gpu@{number}" for number in winners]
    assert job.attempt == 1
