"""Work on workers. The row is the truth, not the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from curation.models import Project, User
from trainer_bridge.querysets import JobQuerySet, WorkerQuerySet


class Job(models.Model):
    """One piece of work: what was asked (`spec`), how far it is, how it ended.

    State changes only through `trainer_bridge.services.job_state`, by conditional UPDATE.
    """

    class Kind(models.TextChoices):
        GENERATE = "generate", "Sample responses"
        JUDGE = "judge_pairs", "Judge pairs"
        SCORE = "score_pairs", "Score pairs"
        SCORE_TEXTS = "score_texts", "Score pairs by their texts"
        ESTIMATE = "estimate", "Train an estimator"
        SCORE_TOKENS = "score_tokens", "Count the tokens of pairs"
        EMBED = "embed_texts", "Embed texts"
        TRAIN = "train", "Train"
        EVALUATE = "evaluate", "Evaluate"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    FINISHED = (State.DONE, State.FAILED, State.CANCELLED)

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=12, choices=Kind)
    title = models.CharField(max_length=200)
    queue = models.CharField(max_length=20, default="gpu")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="Counts claims; fences off lost workers")
    attempts_allowed = models.PositiveSmallIntegerField(default=4)
    spec: models.JSONField[dict[str, Any]] = models.JSONField()
    inputs: models.JSONField[dict[str, Any]] = models.JSONField(
        default=dict, help_text="Ids the worker's results belong to: sampler, judge, producer, pairs, split"
    )
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    rate = models.FloatField(null=True, help_text="Units a second over the last minute")
    message = models.CharField(max_length=300, blank=True)
    counts: models.JSONField[dict[str, int]] = models.JSONField(default=dict)
    offsets: models.JSONField[dict[str, int]] = models.JSONField(
        default=dict, help_text="Bytes of each output file whose rows are stored and counted"
    )
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    environment: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    log_tail = models.TextField(blank=True)
    error = models.TextField(blank=True, help_text="For the user: what happened and what to do")
    error_detail = models.TextField(blank=True, help_text="For the operator")
    cancel_requested_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=120, blank=True)
    host = models.CharField(max_length=120, blank=True)
    device = models.CharField(max_length=120, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When a message for it last went to the broker")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="job_by_project"),
            models.Index(
                fields=["state", "queue"], condition=Q(state__in=["queued", "running"]), name="job_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.state in self.FINISHED

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, or has taken so far."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()

    @property
    def seconds_left(self) -> float | None:
        """What remains, at the rate of the last minute."""
        return (self.total - self.done) / self.rate if self.rate and self.total else None

    @property
    def shown_counts(self) -> dict[str, int]:
        """What was stored, by name in words; zeros say nothing."""
        return {name.replace("_", " ").capitalize(): n for name, n in self.counts.items() if n}

    @property
    def out_dir(self) -> Path:
        """Where the worker writes; stable across attempts, so that a retry skips what is done."""
        return Path(settings.JOBS_ROOT) / str(self.pk)


class Worker(models.Model):
    """A Celery worker process that has reported in. `seen_at` older than a minute means it is gone."""

    name = models.CharField(max_length=120, unique=True)
    queues = ArrayField(models.CharField(max_length=20), default=list)
    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
