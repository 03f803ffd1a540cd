"""Agreement and reliability, computed apart from the request that shows them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from annotators.models.campaigns import Campaign
from curation.models import Project
from curation.models.background import BackgroundReport


class QualityReport(BackgroundReport):
    """What the judgments of a campaign, or of a whole project, say about themselves as of `started_at`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="quality_reports")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, null=True, blank=True, related_name="quality_reports"
    )
    report: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    n_judgments = models.PositiveIntegerField(default=0)

    class Meta(BackgroundReport.Meta):
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
