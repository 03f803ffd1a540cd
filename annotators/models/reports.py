"""Agreement and reliability, computed apart from the request that shows them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from annotators.models.campaigns import Campaign
from curation.models import Project, User


class QualityReport(models.Model):
    """What the judgments of a campaign, or of a whole project, say about themselves as of `started_at`.

    `attempt` tells the workers of one report apart: only the last to claim it may finish it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="quality_reports")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, null=True, blank=True, related_name="quality_reports"
    )
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    report: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    n_judgments = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "campaign"],
                condition=Q(state__in=["queued", "running"]),
                nulls_distinct=False,
                name="quality_report_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"quality report {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}
