"""How busy each queue is, and whether anyone serves it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count

from trainer_bridge.models import Job, Worker


@dataclass(frozen=True)
class QueueStatus:
    """Jobs of one queue over all projects (workers are shared), and the workers that serve it."""

    name: str
    waiting: int
    running: int
    workers: int

    @property
    def is_stuck(self) -> bool:
        return self.waiting > 0 and self.workers == 0


def queue_statuses() -> list[QueueStatus]:
    """Every queue of the site, in two queries."""
    jobs: dict[tuple[str, str], int] = {
        (row["queue"], row["state"]): row["jobs"]
        for row in Job.objects.unfinished().values("queue", "state").order_by().annotate(jobs=Count("pk"))
    }
    serving = [name for queues in Worker.objects.alive().values_list("queues", flat=True) for name in queues]
    return [
        QueueStatus(
            name=queue.name,
            waiting=jobs.get((queue.name, Job.State.QUEUED), 0),
            running=jobs.get((queue.name, Job.State.RUNNING), 0),
            workers=serving.count(queue.name),
        )
        for queue in settings.CELERY_TASK_QUEUES
    ]


def start_command(queue: str) -> str:
    """What the operator types to have the queue served. One GPU job at a time; endpoints take several."""
    concurrency = 1 if queue == "gpu" else 2
    return f"celery -A config worker -Q {queue} -n {queue}@%h --concurrency {concurrency}"
