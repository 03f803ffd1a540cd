"""What a dataset version leans towards, computed apart from the request that shows it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.models.background import BackgroundReport
from curation.models.datasets import DatasetVersion


class BiasReport(BackgroundReport):
    """The biases of a version. Its rows and the judgments behind them never change; eval prompts
    and embeddings are as of `started_at`."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="bias_reports")
    report: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta(BackgroundReport.Meta):
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
