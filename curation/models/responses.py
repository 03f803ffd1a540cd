"""Step 2: responses, and the samplers that draw them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.models.people import Project, User
from curation.models.prompts import Prompt
from curation.querysets import ResponseQuerySet


class Sampler(models.Model):
    """A model with its sampling parameters: everything that decides what a draw can be."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="samplers")
    model_name = models.CharField(max_length=200)
    revision = models.CharField(max_length=100, blank=True)
    backend = models.CharField(max_length=16)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    template_hash = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="sampler_fingerprint_unique")
        ]

    def __str__(self) -> str:
        return self.model_name


class Response(models.Model):
    """One continuation of a prompt, by a sampler or by a person. Its text never changes."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="responses")
    sampler = models.ForeignKey(
        Sampler, on_delete=models.PROTECT, null=True, blank=True, related_name="responses"
    )
    author = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="responses"
    )
    edited_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="edits"
    )
    sample_index = models.PositiveIntegerField(null=True, blank=True)
    text = models.TextField(blank=True)
    text_hash = models.CharField(max_length=64)
    finish_reason = models.CharField(max_length=10, blank=True)
    n_tokens = models.PositiveIntegerField(null=True, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    segments: models.JSONField[list[dict[str, Any]] | None] = models.JSONField(null=True, blank=True)
    metadata: models.JSONField[dict[str, Any] | None] = models.JSONField(
        null=True, blank=True, help_text="What the file it came with says of it: ratings, a label"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt", "sampler", "sample_index"],
                condition=Q(sampler__isnull=False),
                name="response_draw_unique",
            ),
            # The target of the pairs' composite foreign keys: it is what makes "same prompt" a constraint.
            models.UniqueConstraint(fields=["id", "prompt"], name="response_with_prompt"),
            models.CheckConstraint(
                condition=Q(sampler__isnull=False, sample_index__isnull=False, author__isnull=True)
                | Q(sampler__isnull=True, author__isnull=False),
                name="response_by_sampler_or_person",
            ),
        ]

    def __str__(self) -> str:
        return f"response {self.pk}"
