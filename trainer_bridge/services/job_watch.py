"""Following a worker: store its new rows, report progress, notice who wants it to stop."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils import timezone
from pydantic import ValidationError

from trainer_bridge.backends.base import Child
from trainer_bridge.contracts import Progress
from trainer_bridge.files import Tails, read_json, read_tail
from trainer_bridge.kinds.base import JobKind
from trainer_bridge.models import Job
from trainer_bridge.services.job_state import JobLostError

logger = logging.getLogger(__name__)
T = TypeVar("T")

TICK_SECONDS = 1.0
RATE_WINDOW_SECONDS = 60.0
# How long a worker goes on without a database before it is stopped; what it wrote stays on disk.
PATIENCE_SECONDS = 300.0
FAILURES_KEPT = 100
DATABASE_AWAY = (OperationalError, InterfaceError)


class Watch:
    """One attempt's view of its job while the worker runs."""

    def __init__(self, job: Job, kind: JobKind) -> None:
        self.job = job
        self.kind = kind
        self._owned = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempt=job.attempt)
        self._seen: deque[tuple[float, int]] = deque()
        self._beat_at = float("-inf")

    def until_ended(self, child: Child, stop_asked: Callable[[], bool]) -> int:
        """Follow the child to its end and store everything it wrote; its exit status.

        Raises JobLostError when the job is no longer this attempt's, OperationalError when the database
        stays away. The caller ends the child in both cases.
        """
        while True:
            code = child.poll()  # before reading, so that nothing written before the end is missed
            more = patiently(self._tick)
            if code is not None and not more:
                patiently(self._beat)
                return code
            if code is None and (self.job.cancel_requested_at or stop_asked()):
                child.terminate()
            elif not more:
                time.sleep(TICK_SECONDS)

    def _tick(self) -> bool:
        """Check that the job is still ours, store new rows, beat when due; whether rows were stored."""
        mine = self._owned.values("offsets", "counts", "inputs", "result", "cancel_requested_at").first()
        if mine is None:
            raise JobLostError
        for name, value in mine.items():
            setattr(self.job, name, value)
        stored = self._ingest()
        if time.monotonic() - self._beat_at >= settings.JOB_HEARTBEAT_SECONDS:
            self._beat()
            self._beat_at = time.monotonic()
        return stored

    def _ingest(self) -> bool:
        """Rows, counts and offsets in one transaction: a row is counted once, whatever happens here."""
        tails = Tails(self.job.out_dir, self.job.offsets)
        inputs = json.dumps(self.job.inputs)
        with transaction.atomic():
            counts = dict(self.job.counts)
            for name, number in (self.kind.ingest(self.job, tails) | self._failures(tails)).items():
                counts[name] = counts.get(name, 0) + number
            moved: bool = tails.offsets != self.job.offsets
            if not moved and json.dumps(self.job.inputs) == inputs:
                return False
            fields = {"inputs": self.job.inputs, "result": self.job.result}
            if not self._owned.update(offsets=tails.offsets, counts=counts, **fields):
                raise JobLostError  # rolls back: the rows belong to whoever owns the job now
        self.job.counts = counts
        return moved

    def _failures(self, tails: Tails) -> dict[str, int]:
        """What the worker gave up, with reasons: counted in full, the first hundred kept to show."""
        rows = tails.rows("failures.jsonl")
        if not rows:
            return {}
        kept = [*self.job.result.get("failures", []), *rows]
        self.job.result = {**self.job.result, "failures": kept[:FAILURES_KEPT]}
        return {"failed": len(rows)}

    def _beat(self) -> None:
        fields: dict[str, Any] = {"heartbeat_at": timezone.now(), "log_tail": log_tail(self.job)}
        progress = read_progress(self.job)
        if progress is not None:
            # What is left is what the worker says is left; what earlier attempts did stays counted.
            total = max(self.job.total, progress.total)
            done = max(0, total - max(0, progress.total - progress.done))
            fields |= {"total": total, "done": done, "message": progress.message[:300]}
            fields["rate"] = self._rate(done)
            self.job.total = total
        environment = read_json(self.job.out_dir / "environment.json")
        if environment is not None:
            fields |= {"environment": environment, "device": str(environment.get("device_name", ""))[:120]}
        if not self._owned.update(**fields):
            raise JobLostError

    def _rate(self, done: int) -> float | None:
        """Units a second over the last minute; None until two looks can be compared."""
        now = time.monotonic()
        self._seen.append((now, done))
        while now - self._seen[0][0] > RATE_WINDOW_SECONDS:
            self._seen.popleft()
        then, before = self._seen[0]
        return (done - before) / (now - then) if now > then and done > before else None


class Pulse:
    """Keeps the heartbeat going through a step that may take minutes: writing inputs, keeping results."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pulse-{job.pk}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(settings.JOB_HEARTBEAT_SECONDS):
            try:
                Job.objects.filter(
                    pk=self._job.pk, state=Job.State.RUNNING, attempt=self._job.attempt
                ).update(heartbeat_at=timezone.now())
            except DATABASE_AWAY:
                logger.warning("Job %s: the database is away; no heartbeat.", self._job.pk)
            finally:
                connection.close()


def patiently(step: Callable[[], T]) -> T:
    """Run a repeatable step; while the database is away try again, up to PATIENCE_SECONDS."""
    give_up_at: float | None = None
    pause = 0.5
    while True:
        try:
            return step()
        except DATABASE_AWAY:
            give_up_at = give_up_at or time.monotonic() + PATIENCE_SECONDS
            if time.monotonic() + pause > give_up_at:
                raise
            logger.warning("The database is away; trying again in %.1f s.", pause, exc_info=True)
            close_old_connections()
            time.sleep(pause)
            pause = min(2 * pause, 10.0)


def read_progress(job: Job) -> Progress | None:
    """The newest whole line of `progress.jsonl`."""
    for line in reversed(read_tail(job.out_dir / "progress.jsonl", 2_000).splitlines()):
        try:
            return Progress.model_validate_json(line)
        except ValidationError:
            continue
    return None


def log_tail(job: Job) -> str:
    """The end of what the worker printed, standard output first."""
    parts = (read_tail(job.out_dir / name) for name in ("stdout.log", "stderr.log"))
    return "\n".join(part for part in parts if part)
