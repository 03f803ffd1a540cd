"""How busy each queue is, and whether anyone serves it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet, Value

from curation.models import PromptImport
from trainer_bridge.models import Job, Worker

State = Job.State  # an import's states have the same names
# Imports have no Job row; this is the queue of `curation.tasks.import_run`.
IMPORT_QUEUE = "cpu"
# What the beat schedule sends. Nobody waits for it, so it has no depth worth showing, only a worker or none.
UPKEEP_QUEUE = "upkeep"


@dataclass(frozen=True)
class QueueStatus:
    """Work of one queue over all projects (workers are shared), and the workers that serve it."""

    name: str
    waiting: int
    running: int
    workers: int

    @property
    def is_stuck(self) -> bool:
        return self.waiting > 0 and self.workers == 0

    @property
    def start_command(self) -> str:
        return start_command(self.name)


def queue_statuses() -> list[QueueStatus]:
    """Every queue that work waits in, and upkeep's where nobody serves it, in two queries."""
    jobs = Job.objects.unfinished().order_by()
    imports = PromptImport.objects.filter(state__in=[State.QUEUED, State.RUNNING]).order_by()
    counts = _counts(jobs).union(_counts(imports.annotate(queue=Value(IMPORT_QUEUE))), all=True)
    work: Counter[tuple[str, str]] = Counter()
    for queue, state, number in counts:
        work[queue, state] += number
    serving = [name for queues in Worker.objects.alive().values_list("queues", flat=True) for name in queues]
    return [
        QueueStatus(
            name=queue.name,
            waiting=work[queue.name, State.QUEUED],
            running=work[queue.name, State.RUNNING],
            workers=serving.count(queue.name),
        )
        for queue in settings.CELERY_TASK_QUEUES
        if queue.name != UPKEEP_QUEUE or UPKEEP_QUEUE not in serving
    ]


def _counts(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    counts: QuerySet[Any, Any] = rows.values_list("queue", "state").annotate(n=Count("pk"))
    return counts


def start_command(queue: str) -> str:
    """What the operator types to have the queue served. One GPU job at a time; endpoints take several."""
    slots = {"gpu": "--concurrency 1", UPKEEP_QUEUE: "--pool solo"}.get(queue, "--concurrency 2")
    return f"celery -A config worker -Q {queue} -n {queue}@%h {slots}"
