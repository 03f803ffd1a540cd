"""Sentence embeddings of prompts and responses, by model."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, FloatField, Func, Q
from django.db.models.lookups import Range
from pgvector.django import VectorField

from curation.models.people import Project
from curation.models.prompts import Prompt
from curation.models.responses import Response

# Float32 rounds the norm of a vector that was divided by it.
UNIT = (0.999, 1.001)


class Embedder(models.Model):
    """A sentence-embedding model as a project has used it: other weights or settings are another one.

    `window` is how many tokens it reads of a text; what comes after them has no part in the embedding.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="embedders")
    name = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    dimensions = models.PositiveSmallIntegerField()
    window = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "fingerprint"], name="embedder_fingerprint_unique"),
            models.CheckConstraint(
                # Beyond 2,000 dimensions pgvector has no index for the type.
                condition=Q(dimensions__gte=1, dimensions__lte=2000),
                name="embedder_can_be_indexed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def _has_length_one() -> Any:
    return Range(Func(F("vector"), function="vector_norm", output_field=FloatField()), UNIT)


class PromptEmbedding(models.Model):
    """What the user says in a prompt, all turns, as a vector of length 1. `is_cut`: it was longer than the
    model's window."""

    embedder = models.ForeignKey(Embedder, on_delete=models.CASCADE, related_name="prompts")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="embeddings")
    is_cut = models.BooleanField()
    vector = VectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["embedder", "prompt"], name="prompt_embedded_once"),
            models.CheckConstraint(condition=_has_length_one(), name="prompt_embedding_has_length_one"),
        ]

    def __str__(self) -> str:
        return f"embedding of prompt {self.prompt_id}"


class ResponseEmbedding(models.Model):
    """The text of a response as a vector of length 1. `is_cut`: it was longer than the model's window."""

    embedder = models.ForeignKey(Embedder, on_delete=models.CASCADE, related_name="responses")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, related_name="embeddings")
    is_cut = models.BooleanField()
    vector = VectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["embedder", "response"], name="response_embedded_once"),
            models.CheckConstraint(condition=_has_length_one(), name="response_embedding_has_length_one"),
        ]

    def __str__(self) -> str:
        return f"embedding of response {self.response_id}"
