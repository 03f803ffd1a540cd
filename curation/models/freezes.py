"""A version being frozen, apart from the request that asked for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from curation.models.background import BackgroundReport
from curation.models.datasets import DatasetVersion, RecipeRun


class DatasetFreeze(BackgroundReport):
    """What a run's recipe keeps, to become the project's next version, which is there once this is done."""

    run = models.ForeignKey(RecipeRun, on_delete=models.CASCADE, related_name="freezes")
    note = models.TextField(blank=True)
    version = models.OneToOneField(
        DatasetVersion, on_delete=models.PROTECT, null=True, related_name="frozen_by"
    )

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=Q(state__in=["queued", "running"]), name="freeze_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "failed"], version__isnull=True)
                | Q(state="done", version__isnull=False),
                name="freeze_done_with_a_version",
            ),
        ]

    def __str__(self) -> str:
        return f"freeze {self.pk}"
