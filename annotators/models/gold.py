"""Pairs whose answer is known, to check people with."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotators.querysets import GoldPairQuerySet
from curation.models import Pair, Project, User


class GoldPair(models.Model):
    """A pair and the answer that is right. Annotators cannot tell it from any other pair.

    A gold pair that turned out wrong is retired, not deleted: what it measured stays explained.
    """

    class Expected(models.TextChoices):
        A = "a", "Response A is better"
        B = "b", "Response B is better"
        TIE = "tie", "Tie"
        BOTH_BAD = "both_bad", "Both bad"

    class Source(models.TextChoices):
        HAND = "hand", "Chosen by hand"
        ADJUDICATED = "adjudicated", "A reviewer's decision"
        UNANIMOUS = "unanimous", "Unanimous answers"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="gold_pairs")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="gold")
    expected = models.CharField(max_length=8, choices=Expected)
    explanation = models.TextField(blank=True, help_text="Shown as feedback in a qualification round.")
    source = models.CharField(max_length=11, choices=Source, default=Source.HAND)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = GoldPairQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"], condition=Q(retired_at__isnull=True), name="gold_pair_current_once"
            )
        ]

    def __str__(self) -> str:
        return f"gold: pair {self.pair_id}"
