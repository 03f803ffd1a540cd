"""One attempt at a job: claim it, prepare its files, follow its worker, conclude.

Any step may be cut off. What is stored is keyed and counted in one transaction, what a worker wrote
stays in the job's directory, and the next attempt continues from both.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from trainer_bridge.backends.base import Child, launch_backend
from trainer_bridge.contracts import ExitCode
from trainer_bridge.errors import JobError
from trainer_bridge.files import read_tail, write_model
from trainer_bridge.kinds import kind_named
from trainer_bridge.kinds.base import JobKind
from trainer_bridge.models import Job
from trainer_bridge.services.job_exit import Crash, bad_spec_words, crash_of, is_crash
from trainer_bridge.services.job_state import (
    JobLostError,
    job_claim,
    job_fail,
    job_finish,
    job_requeue,
    job_stop,
)
from trainer_bridge.services.job_watch import DATABASE_AWAY, Pulse, Watch, patiently
from trainer_bridge.stopping import stop_asked

logger = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on our side, not in your settings. Press Retry; finished work is kept. "
    "If it happens again, tell the operator: the details are in the log."
)


def job_run(*, job_id: int, worker: str = "") -> None:
    """Run the job to its end unless somebody else has it. Safe to call any number of times."""
    job = job_claim(job_id=job_id, worker=worker)
    if job is None:
        return
    try:
        with stop_asked() as asked:
            _attempt(job, kind_named(job.kind), asked)
    except JobLostError:
        logger.info("Job %s attempt %s: taken over or ended elsewhere.", job.pk, job.attempt)
    except DATABASE_AWAY:
        raise  # the row still says running: recovery gives it to another attempt
    except JobError as error:
        _fail(job, str(error), read_tail(job.out_dir / "stderr.log"))
    except Exception:  # process boundary: a fault of ours must not leave the job running for ever
        logger.exception("Job %s attempt %s failed unexpectedly.", job.pk, job.attempt)
        _fail(job, UNEXPECTED, traceback.format_exc())


def _attempt(job: Job, kind: JobKind, stop: Callable[[], bool]) -> None:
    with Pulse(job):
        left = _prepare(job, kind)
    if left == 0:
        _finish(job, kind)
        return
    child = _launch(job, kind)
    try:
        code = Watch(job, kind).until_ended(child, stop)
    finally:
        child.terminate()
    _conclude(job, kind, code, stopped=stop())


def _prepare(job: Job, kind: JobKind) -> int:
    """Write spec and inputs; how much work is left."""
    job.out_dir.mkdir(parents=True, exist_ok=True)
    prepared = kind.prepare(job)
    write_model(job.out_dir / "spec.json", prepared.spec)
    job.total = max(job.total, prepared.total)
    _forget_failures(job)
    fields = {name: getattr(job, name) for name in ("total", "inputs", "offsets", "counts", "result")}
    rows = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempt=job.attempt)
    if not rows.update(done=job.total - prepared.total, **fields):
        raise JobLostError
    return prepared.total


def _forget_failures(job: Job) -> None:
    """What failed is tried again at each attempt, so only the last attempt's failures count."""
    (job.out_dir / "failures.jsonl").unlink(missing_ok=True)
    job.offsets.pop("failures.jsonl", None)
    job.counts.pop("failed", None)
    job.result.pop("failures", None)


def _launch(job: Job, kind: JobKind) -> Child:
    python = kind.python(job)
    spec = str(job.out_dir / "spec.json")
    module = f"trainer_bridge.workers.{kind.worker}"
    try:
        return launch_backend().launch(
            [python, "-m", module, "--spec", spec, "--out", str(job.out_dir)], job.out_dir
        )
    except OSError as error:
        raise JobError(
            f"The worker could not be started with {python}: {error.strerror or error}. The operator can "
            "build that Python environment or point the settings at another one; then press Retry."
        ) from error


def _conclude(job: Job, kind: JobKind, code: int, *, stopped: bool) -> None:
    if code == ExitCode.DONE:
        _finish(job, kind)
    elif job.cancel_requested_at:
        patiently(lambda: job_stop(job=job))
    elif stopped or code == ExitCode.CANCELLED:
        again = "Its worker was stopped; the job continues on the next free one."
        patiently(lambda: job_requeue(job=job, message=again, forgive=True))
    else:
        stderr = read_tail(job.out_dir / "stderr.log")
        if not is_crash(code):
            raise JobError(bad_spec_words(stderr))
        _crashed(job, crash_of(code, stderr), stderr)


def _crashed(job: Job, crash: Crash, stderr: str) -> None:
    if crash.retry and job.attempt < job.attempts_allowed:
        message = f"Attempt {job.attempt} ended early: {crash.words}"
        patiently(lambda: job_requeue(job=job, message=message, detail=stderr))
        return
    tried = f" It was tried {job.attempt} times." if crash.retry and job.attempt > 1 else ""
    _fail(job, f"{crash.words}{tried} Finished work is kept: press Retry to continue.", stderr)


def _finish(job: Job, kind: JobKind) -> None:
    job.refresh_from_db(fields=["counts", "result", "inputs"])
    failures = job.result.get("failures", [])
    if failures and not any(number for name, number in job.counts.items() if name != "failed"):
        raise JobError(
            f"Nothing could be done: all {job.counts['failed']} pieces of work failed. "
            f"The first reason given: {failures[0].get('error', 'none')}"
        )
    with Pulse(job):
        result = kind.finish(job)
        if failures:
            result |= {"failures": failures}
    patiently(lambda: job_finish(job=job, result=result))


def _fail(job: Job, error: str, detail: str) -> None:
    try:
        patiently(lambda: job_fail(job=job, error=error, detail=detail))
    except JobLostError:
        logger.info("Job %s attempt %s: ended elsewhere before it could fail.", job.pk, job.attempt)
