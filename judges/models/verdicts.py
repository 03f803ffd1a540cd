"""What a judge said, parsed or not."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from curation.models import Judgment, Pair
from curation.models.judgments import Side
from judges.models.judges import Judge
from judges.querysets import VerdictQuerySet


class Verdict(models.Model):
    """One judge call on a pair in one order. A verdict that parsed has its judgment; one that did not
    keeps its raw text and is counted."""

    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="verdicts")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="verdicts")
    left = models.CharField(max_length=1, choices=Side)
    judgment = models.OneToOneField(Judgment, on_delete=models.PROTECT, null=True, related_name="verdict")
    p_left = models.FloatField(null=True)
    logprob_left = models.FloatField(null=True)
    logprob_right = models.FloatField(null=True)
    mass = models.FloatField(null=True)
    raw_text = models.TextField(blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["judge", "pair", "left"], name="verdict_unique"),
            models.CheckConstraint(
                condition=Q(judgment__isnull=True) | Q(p_left__isnull=False),
                name="verdict_judgment_has_probability",
            ),
        ]

    def __str__(self) -> str:
        return f"verdict {self.pk}"

    @property
    def parsed(self) -> bool:
        return self.judgment_id is not None
