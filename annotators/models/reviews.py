"""What reviewers decide about pairs on which people disagree."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotators.decisions import response_words
from annotators.models.campaigns import CampaignPair
from annotators.querysets import ReviewQuerySet
from curation.models import Judgment, User


class Review(models.Model):
    """One act of a reviewer on a pair: a decision, which is a judgment of its own, or one more opinion asked.

    Append-only, like the judgments: a second decision supersedes the first one's judgment.
    """

    class Act(models.TextChoices):
        DECIDED = "decided", "Decided"
        RETURNED = "returned", "Sent to one more person"

    class Cause(models.TextChoices):
        SUBJECTIVE = "subjective", "A matter of taste"
        GUIDELINE = "guideline", "The guidelines do not say"
        PROMPT = "prompt", "The prompt is ambiguous"
        SLIP = "slip", "Somebody slipped or rushed"
        KNOWLEDGE = "knowledge", "It takes expert knowledge"
        ALIKE = "alike", "The responses are too much alike"
        DATA = "data", "Broken or unsafe data"

    campaign_pair = models.ForeignKey(CampaignPair, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="reviews")
    act = models.CharField(max_length=8, choices=Act)
    cause = models.CharField(max_length=10, choices=Cause)
    note = models.TextField(blank=True)
    judgment = models.OneToOneField(Judgment, on_delete=models.PROTECT, null=True, related_name="review")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(act="decided", judgment__isnull=False) | Q(act="returned", judgment__isnull=True),
                name="review_decision_has_judgment",
            )
        ]

    def __str__(self) -> str:
        return f"review of pair {self.campaign_pair_id}"

    @property
    def words(self) -> str:
        """The decision in words; empty where the pair was sent back."""
        made = self.judgment
        return response_words(made.left, made.outcome, made.preference) if made else ""
