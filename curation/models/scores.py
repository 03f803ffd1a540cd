"""Step 5: pair scores."""

from __future__ import annotations

from typing import Any

from django.db import models

from curation.models.pairs import Pair
from curation.models.people import Project
from curation.scorers import is_approximate, scorer_name


class ScoreProducer(models.Model):
    """What made a set of scores: scorer, model fingerprint, template, dtype, truncation. Scores of
    different producers are never compared with each other."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="score_producers")
    scorer = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=64)
    label = models.CharField(max_length=200)
    details: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "scorer", "fingerprint"], name="score_producer_unique")
        ]

    def __str__(self) -> str:
        precision = " (approximate)" if self.is_approximate else ""
        return f"{scorer_name(self.scorer)} by {self.label}{precision}"

    @property
    def is_approximate(self) -> bool:
        return is_approximate(self.details)


class PairScore(models.Model):
    """One number about a pair. For a directed scorer `a_over_b` means: were a chosen over b."""

    class Direction(models.TextChoices):
        A_OVER_B = "a_over_b", "a over b"
        B_OVER_A = "b_over_a", "b over a"
        BOTH = "both", "Symmetric"

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="scores")
    producer = models.ForeignKey(ScoreProducer, on_delete=models.CASCADE, related_name="scores")
    scorer = models.CharField(max_length=40)
    direction = models.CharField(max_length=8, choices=Direction)
    value = models.FloatField()
    details: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["scorer", "direction"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "scorer", "direction", "producer"], name="pair_score_unique"
            )
        ]
        indexes = [models.Index(fields=["producer", "scorer", "direction"], name="pair_score_by_producer")]

    def __str__(self) -> str:
        return f"{scorer_name(self.scorer)} {self.direction} of pair {self.pair_id}"
