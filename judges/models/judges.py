"""Rubrics and the judges that apply them."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from curation.models import Project, Rater, User
from judges.querysets import JudgeQuerySet


class RubricVersion(models.Model):
    """The wording of a pairwise question. A saved version never changes; its hash names it.

    `template` holds {prompt}, {left} and {right}; `verdicts` are the two labels, left first; `prefill`
    opens the judge's turn so that the next token is the verdict.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rubrics")
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    system = models.TextField(blank=True)
    template = models.TextField()
    prefill = models.CharField(max_length=200, blank=True)
    verdicts = ArrayField(models.CharField(max_length=20), size=2)
    content_hash = models.CharField(max_length=64)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="rubric_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Judge(models.Model):
    """One version of a judge: a model with a rubric version and its parameters. It is one rater."""

    class Backend(models.TextChoices):
        TRANSFORMERS = "transformers", "Local weights"
        OPENAI = "openai", "OpenAI-compatible endpoint"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="judges")
    rater = models.OneToOneField(Rater, on_delete=models.PROTECT, related_name="judge")
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    rubric = models.ForeignKey(RubricVersion, on_delete=models.PROTECT, related_name="judges")
    backend = models.CharField(max_length=12, choices=Backend)
    model_name = models.CharField(max_length=300, help_text="A local model directory, or the endpoint's name")
    model_fingerprint = models.CharField(max_length=64, blank=True)
    base_url = models.CharField(max_length=300, blank=True)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = JudgeQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name", "version"], name="judge_version_unique")
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def model_label(self) -> str:
        """The model's own name, without the server's directories."""
        local = self.backend == self.Backend.TRANSFORMERS
        return PurePath(self.model_name).name if local else self.model_name
