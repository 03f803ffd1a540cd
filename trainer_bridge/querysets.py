"""Reads on jobs and workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from django.db import models
from django.utils import timezone

WORKER_GONE_AFTER = timedelta(seconds=30)


class JobQuerySet(models.QuerySet[Any]):
    def unfinished(self) -> Self:
        return self.filter(state__in=["queued", "running"])

    def for_list(self) -> Self:
        """Without the columns that only a job's own page shows."""
        return self.select_related("created_by").defer(
            "spec", "inputs", "offsets", "result", "environment", "log_tail", "error_detail"
        )


class WorkerQuerySet(models.QuerySet[Any]):
    def alive(self) -> Self:
        return self.filter(seen_at__gte=timezone.now() - WORKER_GONE_AFTER)

    def serving(self, queue: str) -> Self:
        """Workers that would take work from this queue now."""
        return self.alive().filter(queues__contains=[queue])
