"""Exports on their way to a hub."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from curation.models.background import BackgroundReport
from curation.models.datasets import Export


class HubPush(BackgroundReport):
    """An export pushed to a repository. `revision` is the commit that holds its files."""

    export = models.ForeignKey(Export, on_delete=models.CASCADE, related_name="pushes")
    repo_id = models.CharField(max_length=200)
    private = models.BooleanField(default=True)
    url = models.URLField(max_length=500, blank=True)
    revision = models.CharField(max_length=64, blank=True)

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["export", "repo_id"],
                condition=Q(state__in=["queued", "running"]),
                name="hub_push_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"push {self.pk} to {self.repo_id}"
