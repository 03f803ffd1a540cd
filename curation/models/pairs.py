"""Step 3: pairs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from curation.models.prompts import Prompt
from curation.models.responses import Response
from curation.querysets import PairQuerySet


class Pair(models.Model):
    """Two different responses of one prompt, stored once: `a` is the one with the smaller id.

    Migration 0002 adds composite foreign keys (response_*_id, prompt_id), so that PostgreSQL
    itself refuses a pair across prompts. They say all that a key for each column would say, and each key
    is looked up for every row that comes in: so there are no others.
    """

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="pairs", db_constraint=False)
    response_a = models.ForeignKey(
        Response, on_delete=models.CASCADE, related_name="pairs_as_a", db_constraint=False
    )
    response_b = models.ForeignKey(
        Response, on_delete=models.CASCADE, related_name="pairs_as_b", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PairQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["response_a", "response_b"], name="pair_unique"),
            models.CheckConstraint(
                condition=Q(response_a__lt=F("response_b")), name="pair_canonical_and_different"
            ),
        ]

    def __str__(self) -> str:
        return f"pair {self.pk}"
