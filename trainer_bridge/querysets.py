"""Reads on jobs and workers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count
from django.utils import timezone

from curation.models import Rater

if TYPE_CHECKING:
    from curation.models import DatasetVersion

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


class RunQuerySet(models.QuerySet[Any]):
    def for_list(self) -> Self:
        return self.select_related("job", "dataset_version", "base_model", "model", "created_by")

    def for_page(self) -> Self:
        """With everything that lineage names."""
        return self.for_list().select_related("dataset_version__recipe", "project")


class ModelQuerySet(models.QuerySet[Any]):
    def with_origin(self) -> Self:
        """With the run that made each, and what that was trained on."""
        return self.select_related("base", "training_run__dataset_version__recipe", "created_by")


def raters_of(version: DatasetVersion) -> models.QuerySet[Rater, Any]:
    """Who had judged the pairs of a version when it was frozen: each rater with its `n_judgments` on them."""
    pairs = version.rows.values("pair")
    raters = Rater.objects.filter(judgments__pair__in=pairs, judgments__created_at__lte=version.created_at)
    found: models.QuerySet[Rater, Any] = raters.annotate(n_judgments=Count("judgments")).order_by(
        "kind", "label"
    )
    return found
