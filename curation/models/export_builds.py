"""A version being written to a file, apart from the request that asked for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from curation.models.background import BackgroundReport
from curation.models.datasets import DatasetVersion, Export
from curation.models.scores import ScoreProducer


class ExportBuild(BackgroundReport):
    """What is to be written, as `Export` has it. The export is there once this is done."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="export_builds")
    format = models.CharField(max_length=40)
    split = models.CharField(max_length=5)
    tokens = models.ForeignKey(ScoreProducer, on_delete=models.CASCADE, null=True, related_name="+")
    max_length = models.PositiveIntegerField(null=True)
    export = models.ForeignKey(Export, on_delete=models.CASCADE, null=True, related_name="builds")

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["version", "format", "split", "tokens", "max_length"],
                condition=Q(state__in=["queued", "running"]),
                nulls_distinct=False,
                name="export_build_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "failed"], export__isnull=True)
                | Q(state="done", export__isnull=False),
                name="export_build_done_with_an_export",
            ),
            models.CheckConstraint(
                condition=Q(tokens__isnull=True, max_length__isnull=True)
                | Q(tokens__isnull=False, max_length__isnull=False),
                name="export_build_tokens_with_max_length",
            ),
        ]

    def __str__(self) -> str:
        return f"export build {self.pk}"
