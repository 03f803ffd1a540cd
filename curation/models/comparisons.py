"""Two dataset versions side by side, computed apart from the request that shows them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from curation.models.background import BackgroundReport
from curation.models.datasets import DatasetVersion


class DatasetComparison(BackgroundReport):
    """How `new` differs from `old`. Their rows never change; scores are as of `started_at`."""

    old = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="+")
    new = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="+")
    report: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["old", "new"],
                condition=Q(state__in=["queued", "running"]),
                name="comparison_one_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(old=F("new")), name="comparison_of_two_versions"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="comparison_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"comparison {self.pk}"
