"""The model registry and the rounds that link one model to the next sampling."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from curation.models import Project, Sampler, User
from trainer_bridge.querysets import ModelQuerySet


class ModelVersion(models.Model):
    """Weights that can be sampled from. A trained one remembers its run (and through it every judgment)."""

    class Kind(models.TextChoices):
        BASE = "base", "Base"
        TRAINED = "trained", "Trained"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=7, choices=Kind)
    path = models.CharField(max_length=500, help_text="A local directory in Hugging Face format")
    fingerprint = models.CharField(max_length=64, blank=True)
    base = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="descendants"
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ModelQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="model_name_unique"),
            models.CheckConstraint(
                condition=Q(kind="base", base__isnull=True) | Q(kind="trained", base__isnull=False),
                name="model_trained_has_base",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Round(models.Model):
    """One turn of the loop: the model that was sampled, and the samplers that drew from it."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rounds")
    samplers = models.ManyToManyField(Sampler, related_name="rounds")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="round_number_unique"),
            models.UniqueConstraint(fields=["project", "model"], name="round_once_per_model"),
        ]

    def __str__(self) -> str:
        return f"round {self.number}"
