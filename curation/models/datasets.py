"""Step 6: recipes, their runs, and the frozen versions they make."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from curation.models.background import BackgroundReport
from curation.models.pairs import Pair
from curation.models.people import Project, User
from curation.models.responses import Response
from curation.models.scores import ScoreProducer


class FilterRecipe(models.Model):
    """An ordered, typed list of steps. A saved recipe never changes: an edit is the next version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="recipes")
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    steps: models.JSONField[list[dict[str, Any]]] = models.JSONField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="recipe_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class RecipeRun(BackgroundReport):
    """A recipe applied to the project as it stood at `started_at`: the funnel, with examples at each step.
    Runs from before workers ran them have no `started_at`."""

    recipe = models.ForeignKey(FilterRecipe, on_delete=models.CASCADE, related_name="runs")
    funnel: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    pairs_in = models.PositiveIntegerField(default=0)
    pairs_kept = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["recipe"], condition=Q(state__in=["queued", "running"]), name="run_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]), name="run_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.recipe}"


class DatasetVersion(models.Model):
    """Frozen preference rows. A trigger (migration 0002) refuses every later change."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="dataset_versions")
    number = models.PositiveIntegerField()
    recipe = models.ForeignKey(FilterRecipe, on_delete=models.PROTECT, related_name="dataset_versions")
    content_hash = models.CharField(max_length=64)
    n_rows = models.PositiveIntegerField()
    n_dropped = models.PositiveIntegerField()
    funnel: models.JSONField[list[dict[str, Any]]] = models.JSONField()
    card: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="dataset_version_number_unique")
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class DatasetRow(models.Model):
    """One training pair of a version, in order.

    A trigger (migration 0022) refuses responses that are not the pair's. A foreign key holds the pair, and
    the pair holds its responses: they need no foreign key of the row.
    """

    # The unique constraints begin with the version: it needs no index of its own.
    version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="rows", db_index=False)
    position = models.PositiveIntegerField()
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="dataset_rows")
    chosen = models.ForeignKey(
        Response, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    rejected = models.ForeignKey(
        Response, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    margin = models.FloatField()
    weight = models.FloatField(default=1.0)
    soft_label = models.FloatField()
    block = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Its block of a curriculum, from 1; 0 without one"
    )
    split = models.CharField(max_length=5)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="dataset_row_position_unique"),
            models.UniqueConstraint(fields=["version", "pair"], name="dataset_row_pair_unique"),
            models.CheckConstraint(condition=~Q(chosen=F("rejected")), name="dataset_row_chosen_differs"),
            models.CheckConstraint(
                condition=Q(soft_label__gte=0, soft_label__lte=1),
                name="dataset_row_soft_label_is_probability",
            ),
            models.CheckConstraint(condition=Q(weight__gte=0), name="dataset_row_weight_not_negative"),
        ]

    def __str__(self) -> str:
        return f"row {self.position} of version {self.version_id}"


class DroppedPair(models.Model):
    """A pair that a version left out, at which step, and why."""

    version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="dropped", db_index=False
    )
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="dropped_from")
    step_index = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=40)
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["version", "pair"], name="dropped_pair_once_per_version")
        ]
        indexes = [models.Index(fields=["version", "step_index"], name="dropped_pair_by_step")]

    def __str__(self) -> str:
        return f"pair {self.pair_id}: {self.reason}"


class Export(models.Model):
    """A version written to a file in some trainer's format, byte for byte reproducible. Where lengths were
    looked at, `max_length` is in tokens of the tokenizer with which `tokens` were counted."""

    version = models.ForeignKey(DatasetVersion, on_delete=models.CASCADE, related_name="exports")
    format = models.CharField(max_length=40)
    split = models.CharField(max_length=5)
    tokens = models.ForeignKey(
        ScoreProducer, on_delete=models.PROTECT, null=True, blank=True, related_name="exports"
    )
    max_length = models.PositiveIntegerField(null=True, blank=True)
    path = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    n_bytes = models.BigIntegerField()
    n_rows = models.PositiveIntegerField()
    left_out: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "format", "split", "tokens", "max_length"],
                nulls_distinct=False,
                name="export_unique_by_length",
            ),
            models.CheckConstraint(
                condition=Q(tokens__isnull=True, max_length__isnull=True)
                | Q(tokens__isnull=False, max_length__isnull=False),
                name="export_tokens_with_max_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.format} of {self.version}"
