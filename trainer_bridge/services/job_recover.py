"""Finding jobs that nobody works on any more, and messages that never arrived."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from trainer_bridge.models import Job, Worker
from trainer_bridge.services.job_send import job_send
from trainer_bridge.services.job_state import JobLostError, job_fail, job_requeue, job_stop

logger = logging.getLogger(__name__)

FORGET_WORKERS_AFTER = timedelta(days=1)


def jobs_recover() -> None:
    """Take jobs back from workers that stopped answering; send again what an idle worker never got."""
    lost = timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS)
    for job in Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=lost):
        try:
            _take_back(job)
        except JobLostError:
            continue  # it ended, or another recovery was faster
    for queue in _idle_queues():
        _send_again(queue)
    Worker.objects.filter(seen_at__lt=timezone.now() - FORGET_WORKERS_AFTER).delete()


def _take_back(job: Job) -> None:
    logger.warning("Job %s attempt %s: %s stopped answering.", job.pk, job.attempt, job.claimed_by)
    who = job.claimed_by or "The worker"
    if job.cancel_requested_at:
        job_stop(job=job)
    elif job.attempt < job.attempts_allowed:
        job_requeue(job=job, message=f"{who} stopped answering; the job continues on the next free worker.")
    else:
        job_fail(
            job=job,
            error=f"{who} stopped answering, {job.attempt} attempts in all. The machine may have run out of "
            "memory or been switched off. Look at it, then press Retry: finished work is kept.",
        )


def _idle_queues() -> set[str]:
    """Queues that have more live workers than running jobs."""
    free: dict[str, int] = {}
    for queues in Worker.objects.alive().values_list("queues", flat=True):
        for queue in queues:
            free[queue] = free.get(queue, 0) + 1
    for queue in Job.objects.filter(state=Job.State.RUNNING).values_list("queue", flat=True):
        free[queue] = free.get(queue, 0) - 1
    return {queue for queue, number in free.items() if number > 0}


def _send_again(queue: str) -> None:
    """Sending twice is harmless: a claimed job is not claimed again."""
    late = timezone.now() - timedelta(seconds=settings.JOB_RESEND_AFTER_SECONDS)
    waiting = Job.objects.filter(Q(sent_at__isnull=True) | Q(sent_at__lt=late), state=Job.State.QUEUED)
    for pk in waiting.filter(queue=queue, created_at__lt=late).order_by("pk").values_list("pk", flat=True):
        job_send(job_id=pk)
