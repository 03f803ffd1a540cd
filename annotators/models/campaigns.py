"""A campaign: which pairs people see, under which guidelines, how often each."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from annotators.querysets import CampaignPairQuerySet, CampaignQuerySet
from curation.models import Pair, Project, User


class Campaign(models.Model):
    """A set of pairs put before annotators. `overlap` people answer each pair: exactly that many.

    The pairs and the overlap are fixed when the campaign is made; a skip is an answer and takes its slot.
    """

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
    n_pairs = models.PositiveIntegerField(default=0)
    seed = models.BigIntegerField(
        null=True, blank=True, help_text="Seed of the random order; empty: by pair id."
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

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

    @property
    def n_slots(self) -> int:
        return self.n_pairs * self.overlap


class Guideline(models.Model):
    """One version of a campaign's guidelines, in Markdown. Assignments remember which one was shown."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField(default=1)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="guideline_number_unique")]

    def __str__(self) -> str:
        return f"guidelines {self.number}"


class CampaignPair(models.Model):
    """A pair's place in a campaign's queue.

    `slots_left` is what the index of claimable pairs is built on; it is changed only under this row's
    lock, and the unique index on assignments refuses one slot too many should it ever be wrong.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_pairs")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="campaign_pairs")
    position = models.PositiveIntegerField()
    slots_left = models.PositiveSmallIntegerField()

    objects = CampaignPairQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "pair"], name="campaign_pair_unique"),
            models.UniqueConstraint(fields=["campaign", "position"], name="campaign_position_unique"),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "position"],
                condition=Q(slots_left__gt=0),
                name="campaign_pair_claimable",
            )
        ]

    def __str__(self) -> str:
        return f"pair {self.pair_id} in campaign {self.campaign_id}"
