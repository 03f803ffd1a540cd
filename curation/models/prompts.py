"""Step 1: prompts, and the imports that bring them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from curation.models.people import Project, User
from curation.querysets import PromptQuerySet

# What a preference import counts, beside its rows.
LANDED = {
    "prompts": "new prompts",
    "responses": "new responses",
    "pairs": "new pairs",
    "judgments": "new judgments",
    "repeated": "judgments that were here",
    "identical": "comparisons of identical texts",
}


class PromptImport(models.Model):
    """One file on its way in. The row is the truth: a worker that dies leaves it resumable."""

    class State(models.TextChoices):
        DRAFT = "draft", "Waiting for a mapping"
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Format(models.TextChoices):
        JSONL = "jsonl", "JSON lines"
        JSON = "json", "JSON array"
        CSV = "csv", "CSV"
        PARQUET = "parquet", "Parquet"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompt_imports")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    file = models.FileField(upload_to="imports/%Y/%m/", max_length=300, help_text="Empty once discarded")
    file_name = models.CharField(max_length=255)
    file_bytes = models.BigIntegerField(default=0)
    file_sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=8, choices=Format)
    dataset = models.CharField(
        max_length=40, blank=True, help_text="Name of the preference format; empty for a file of prompts"
    )
    mapping: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    bytes_read = models.BigIntegerField(default=0)
    resume_offset = models.BigIntegerField(
        default=0, help_text="Where the next batch starts: a byte of the decompressed text, or a Parquet row"
    )
    resume_line = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    rows_created = models.BigIntegerField(default=0)
    rows_duplicate = models.BigIntegerField(default=0)
    rows_failed = models.BigIntegerField(default=0)
    landed: models.JSONField[dict[str, int]] = models.JSONField(
        default=dict, help_text="Of a preference import: what is new, by noun"
    )
    heartbeat_at = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0, help_text="Counts claims; fences off lost workers")
    attempts_allowed = models.PositiveIntegerField(default=5)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def landed_rows(self) -> list[tuple[str, int]]:
        """What a preference import brought, in words, in flow order."""
        return [(label, self.landed.get(name, 0)) for name, label in LANDED.items()] if self.dataset else []

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}

    @property
    def is_silent(self) -> bool:
        """Whether its worker has stopped reporting."""
        lost = timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS)
        return self.state == self.State.RUNNING and (self.heartbeat_at is None or self.heartbeat_at < lost)

    @property
    def can_discard(self) -> bool:
        """A draft, or a failed import whose file is still here."""
        return self.state == self.State.DRAFT or self.can_restart

    @property
    def can_restart(self) -> bool:
        return self.state == self.State.FAILED and bool(self.file)

    @property
    def seconds(self) -> float:
        """From the first start to the last sign of life."""
        end = self.finished_at or self.heartbeat_at
        return (end - self.started_at).total_seconds() if self.started_at and end else 0.0

    @property
    def rows_per_second(self) -> int | None:
        return round(self.rows_read / self.seconds) if self.seconds > 0 else None

    @property
    def time_left(self) -> timedelta | None:
        """At the pace so far, by bytes of the file; None before the first batch."""
        if not self.bytes_read or not self.seconds:
            return None
        remaining = self.seconds * (self.file_bytes - self.bytes_read) / self.bytes_read
        return timedelta(seconds=round(max(remaining, 0)))


class ImportIssue(models.Model):
    """A row that did not land, where it stands in the file, and why."""

    prompt_import = models.ForeignKey(PromptImport, on_delete=models.CASCADE, related_name="issues")
    line = models.BigIntegerField(help_text="1-based line of a text file, or row of a Parquet file")
    reason = models.CharField(max_length=300)
    excerpt = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["line"]
        constraints = [
            models.UniqueConstraint(fields=["prompt_import", "line"], name="import_issue_once_per_line")
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Prompt(models.Model):
    """A list of chat messages to answer. Its messages never change; a different text is another prompt."""

    class Split(models.TextChoices):
        TRAIN = "train", "Train"
        EVAL = "eval", "Eval"
        GOLD = "gold", "Gold"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="prompts")
    messages: models.JSONField[list[dict[str, Any]]] = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    category = models.CharField(max_length=80, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    source = models.CharField(max_length=120, blank=True)
    split = models.CharField(max_length=5, choices=Split, default=Split.TRAIN)
    language = models.CharField(max_length=16, blank=True)
    licence = models.CharField(max_length=60, blank=True)
    metadata: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    prompt_import = models.ForeignKey(
        PromptImport, on_delete=models.SET_NULL, null=True, blank=True, related_name="prompts"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="prompt_fingerprint_unique"),
            models.CheckConstraint(
                condition=models.Q(split__in=["train", "eval", "gold"]), name="prompt_split_known"
            ),
        ]
        indexes = [
            models.Index(fields=["project", "id"], name="prompt_project_order"),
            models.Index(fields=["project", "source", "id"], name="prompt_project_source"),
            models.Index(fields=["project", "split", "id"], name="prompt_project_split"),
            models.Index(fields=["project", "category", "id"], name="prompt_project_category"),
            GinIndex(fields=["tags"], name="prompt_tags"),
        ]

    def __str__(self) -> str:
        return self.preview

    @property
    def preview(self) -> str:
        """The last user turn on one line, for lists."""
        for message in reversed(self.messages):
            if message.get("role") == "user" and isinstance(message.get("content"), str):
                return " ".join(message["content"].split())[:160]
        return f"prompt {self.pk}"
