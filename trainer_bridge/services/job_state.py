"""The state table of jobs. Every change of state is one conditional UPDATE whose row count is checked.

queued ──claim──▶ running ──finish──▶ done
  ▲ │                │ ├────fail────▶ failed ────┐
  │ └─withdraw───────┼─┴───stop─────▶ cancelled ─┤
  └──────requeue─────┘                           │
  └──────────────────────retry───────────────────┘
"""

from __future__ import annotations

import socket
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.utils import timezone

from trainer_bridge.models import Job
from trainer_bridge.services.job_send import job_send

State = Job.State


class JobLostError(Exception):
    """This attempt no longer owns its job: it was taken over, or ended from elsewhere."""


class Move(Enum):
    """A legal change of state: from any of the first to the second."""

    CLAIM = (State.QUEUED,), State.RUNNING
    FINISH = (State.RUNNING,), State.DONE
    FAIL = (State.RUNNING,), State.FAILED
    STOP = (State.RUNNING,), State.CANCELLED
    WITHDRAW = (State.QUEUED,), State.CANCELLED
    REQUEUE = (State.RUNNING,), State.QUEUED
    RETRY = (State.FAILED, State.CANCELLED), State.QUEUED

    @property
    def before(self) -> tuple[Job.State, ...]:
        states: tuple[Job.State, ...] = self.value[0]
        return states

    @property
    def after(self) -> Job.State:
        state: Job.State = self.value[1]
        return state


def job_move(*, job_id: int, move: Move, only: dict[str, Any] | None = None, **fields: Any) -> bool:
    """Make the move if the row stands where it may start (and matches `only`); whether it did."""
    if move.after in Job.FINISHED:
        fields |= {"finished_at": timezone.now(), "rate": None}
    rows = Job.objects.filter(pk=job_id, state__in=move.before, **(only or {}))
    return rows.update(state=move.after, **fields) == 1


def job_claim(*, job_id: int, worker: str) -> Job | None:
    """Take a queued job for this process. None when someone else has it, or nobody wants it any more."""
    now = timezone.now()
    claimed = job_move(
        job_id=job_id,
        move=Move.CLAIM,
        attempt=F("attempt") + 1,
        claimed_by=worker,
        host=socket.gethostname()[:120],
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
        error="",
        log_tail="",
        rate=None,
    )
    return Job.objects.select_related("project", "created_by").get(pk=job_id) if claimed else None


def job_finish(*, job: Job, result: dict[str, Any]) -> None:
    _own_move(job, Move.FINISH, result=result, done=F("total"), message="", error="", error_detail="")


def job_fail(*, job: Job, error: str, detail: str = "") -> None:
    _own_move(job, Move.FAIL, error=error, error_detail=detail, message="")


def job_stop(*, job: Job) -> None:
    """End a running job whose cancellation was asked for; what it finished stays."""
    _own_move(job, Move.STOP, message="")


def job_requeue(*, job: Job, message: str, detail: str = "", forgive: bool = False) -> None:
    """Give a running job back to its queue. `forgive`: the attempt does not count against it."""
    allowed = F("attempts_allowed") + Value(1 if forgive else 0)
    with transaction.atomic():
        _own_move(
            job, Move.REQUEUE, message=message[:300], error_detail=detail, attempts_allowed=allowed, rate=None
        )
        transaction.on_commit(lambda: job_send(job_id=job.pk), robust=True)


def job_retry(*, job: Job) -> bool:
    """Start a failed or cancelled job again; finished work is kept. False when it is neither."""
    with transaction.atomic():
        moved = job_move(
            job_id=job.pk,
            move=Move.RETRY,
            attempts_allowed=F("attempt") + settings.JOB_MAX_ATTEMPTS,
            cancel_requested_at=None,
            finished_at=None,
            error="",
            error_detail="",
            message="",
        )
        if moved:
            transaction.on_commit(lambda: job_send(job_id=job.pk), robust=True)
    return moved


def job_cancel(*, job: Job) -> bool:
    """Cancel a queued job at once; ask a running one to stop. False when it had already ended."""
    now = timezone.now()
    # Asking first leaves no gap: a job claimed between the two statements has seen the request.
    asked = Job.objects.unfinished().filter(pk=job.pk).update(cancel_requested_at=now)
    return job_move(job_id=job.pk, move=Move.WITHDRAW) or asked == 1


def _own_move(job: Job, move: Move, **fields: Any) -> None:
    """A move that only the attempt which owns the job may make. Raises JobLostError when it does not."""
    if not job_move(job_id=job.pk, move=move, only={"attempt": job.attempt}, **fields):
        raise JobLostError
