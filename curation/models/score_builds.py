"""Scores that are computed from what the database holds, apart from the request that asks for them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.models.background import BackgroundReport
from curation.models.people import Project


class ScoreBuild(BackgroundReport):
    """One computation of pair scores, as of `started_at`.

    `params` say of what, where the kind leaves a choice. `last_judgment` is the highest id there was, so that
    judgments that came later can be told; `counts` says what was read and what became of the scores.
    """

    class Kind(models.TextChoices):
        JUDGMENTS = "judgments", "From the judgments"
        RANKINGS = "rankings", "From two rankings"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="score_builds")
    kind = models.CharField(max_length=9, choices=Kind)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    counts: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    last_judgment = models.BigIntegerField(default=0)

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "params"],
                condition=Q(state__in=["queued", "running"]),
                name="score_build_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="score_build_state_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["judgments", "rankings"]), name="score_build_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["project", "kind", "-id"], name="score_build_by_kind")]

    def __str__(self) -> str:
        return f"score build {self.pk}"
