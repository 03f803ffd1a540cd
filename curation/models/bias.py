"""What a dataset version leans towards, computed apart from the request that shows it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.models.datasets import DatasetVersion
from curation.models.people import User


class BiasReport(models.Model):
    """The biases of a version: its rows never change, judgments and eval prompts are those of `started_at`.

    `attempt` tells the workers of one report apart: only the last to claim it may finish it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="bias_reports")
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    report: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
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
                fields=["version"],
                condition=Q(state__in=["queued", "running"]),
                name="bias_report_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="bias_report_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"bias report {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}
