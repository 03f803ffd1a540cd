"""A campaign: which pairs people see, under which guidelines, how often each."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from curation.models import Pair, Project, User


class Campaign(models.Model):
    """A set of pairs put before annotators. `overlap` people answer each pair: exactly that many."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    lease_seconds = models.PositiveIntegerField(
        default=900, validators=[MinValueValidator(10), MaxValueValidator(86_400)]
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="campaign_name_unique"),
            models.CheckConstraint(
                condition=Q(overlap__gte=1, overlap__lte=9), name="campaign_overlap_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Guideline(models.Model):
    """One version of a campaign's guidelines, in Markdown. Assignments remember which one was shown."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField(default=1)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="guideline_number_unique")
        ]

    def __str__(self) -> str:
        return f"guidelines {self.number}"


class CampaignPair(models.Model):
    """A pair's place in a campaign's queue."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_pairs")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="campaign_pairs")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "pair"], name="campaign_pair_unique"),
            models.UniqueConstraint(fields=["campaign", "position"], name="campaign_position_unique"),
        ]

    def __str__(self) -> str:
        return f"pair {self.pair_id} in campaign {self.campaign_id}"
