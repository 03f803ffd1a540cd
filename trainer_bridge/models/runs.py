"""Training runs with their metrics, and evaluations with the rows behind the win rate."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from curation.models import DatasetVersion, Project, Prompt, User
from judges.models import Judge
from trainer_bridge.models.jobs import Job
from trainer_bridge.models.models import ModelVersion
from trainer_bridge.querysets import RunQuerySet


class TrainingRun(models.Model):
    """A dataset version and a base model bound to a configuration; what came out of it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="training_runs")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="training_run")
    name = models.CharField(max_length=120)
    dataset_version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, related_name="training_runs"
    )
    base_model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="training_runs")
    model = models.OneToOneField(
        ModelVersion, on_delete=models.PROTECT, null=True, related_name="training_run"
    )
    config: models.JSONField[dict[str, Any]] = models.JSONField()
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    displaced = models.BooleanField(
        null=True, help_text="Mean logps/chosen fell while the margin grew (likelihood displacement)"
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="run_name_unique")]

    def __str__(self) -> str:
        return self.name


class TrainingMetric(models.Model):
    """What the trainer logged at one step."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    epoch = models.FloatField(null=True)
    values: models.JSONField[dict[str, float]] = models.JSONField()

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["run", "step"], name="metric_once_per_step")]

    def __str__(self) -> str:
        return f"step {self.step}"


class Evaluation(models.Model):
    """A model against a baseline on a split, judged in both orders."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluations")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="evaluation")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="evaluations")
    baseline = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="evaluations")
    split = models.CharField(max_length=5, default="eval")
    win_rate = models.FloatField(null=True)
    ci_low = models.FloatField(null=True)
    ci_high = models.FloatField(null=True)
    result: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(model=F("baseline")), name="evaluation_model_differs_from_baseline"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model} against {self.baseline}"


class EvaluationItem(models.Model):
    """One eval prompt: both answers, the verdicts of both orders, and what they came to."""

    class Outcome(models.TextChoices):
        WIN = "win", "Win"
        LOSS = "loss", "Loss"
        TIE = "tie", "Tie"
        UNPARSED = "unparsed", "Unparsed"

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="items")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    model_text = models.TextField(blank=True)
    baseline_text = models.TextField(blank=True)
    probability = models.FloatField(null=True, help_text="P(model better), both orders averaged")
    flipped = models.BooleanField(default=False)
    outcome = models.CharField(max_length=8, choices=Outcome)
    verdicts: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "prompt"], name="evaluation_item_unique")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} on prompt {self.prompt_id}"
