"""Telling the broker that a job waits. Sending twice is harmless: only one worker can claim the row."""

from __future__ import annotations

from django.utils import timezone

from trainer_bridge.models import Job


def job_send(*, job_id: int) -> None:
    """Put a message for a queued job on its queue and note when."""
    from trainer_bridge.tasks import job_run  # the task imports the services that send

    queue = Job.objects.values_list("queue", flat=True).get(pk=job_id)
    job_run.apply_async(args=(job_id,), queue=queue)
    Job.objects.filter(pk=job_id).update(sent_at=timezone.now())
