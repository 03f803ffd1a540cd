"""A campaign: which pairs people see, under which guidelines, how often each."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from annotators.models.gold import GoldPair
from annotators.querysets import CampaignPairQuerySet, CampaignQuerySet, GuidelineQuerySet
from annotators.task_form import TaskForm
from curation.models import Pair, Project, User

MAX_OVERLAP = 9


class Campaign(models.Model):
    """A set of pairs put before annotators, with a task form that says what is asked about each.

    `overlap` people answer each pair: exactly that many, or, where they disagree, one more at a time up to
    `overlap_cap`. The pairs and the form are fixed when the campaign is made; a skip is an answer and takes
    its slot. Every member of the project may take part unless `invited_only`.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    class Order(models.TextChoices):
        ID = "id", "As imported"
        RANDOM = "random", "Random"
        UNCERTAINTY = "uncertainty", "Uncertain first"
        ROUND_ROBIN = "round_robin", "Round robin over categories"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="campaigns")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=7, choices=State, default=State.DRAFT)
    form: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_OVERLAP)]
    )
    overlap_cap = models.PositiveSmallIntegerField(null=True, blank=True)
    invited_only = models.BooleanField(default=False)
    gold_share = models.FloatField(default=0.0)
    qualification_size = models.PositiveSmallIntegerField(default=0)
    qualification_pass = models.FloatField(default=0.8)
    daily_goal = models.PositiveIntegerField(null=True, blank=True)
    break_after_minutes = models.PositiveSmallIntegerField(null=True, blank=True, default=50)
    mask_identity = models.BooleanField(default=True)
    mask_words = models.TextField(
        blank=True, help_text="One word or phrase a line; empty: the list that Tiebreak ships."
    )
    names_shown = models.BooleanField(default=False, help_text="Whether reviewers see who said what.")
    order = models.CharField(max_length=11, choices=Order, default=Order.RANDOM)
    control_share = models.FloatField(default=0.1)
    lease_seconds = models.PositiveIntegerField(
        default=900, validators=[MinValueValidator(10), MaxValueValidator(86_400)]
    )
    n_pairs = models.PositiveIntegerField(default=0)
    n_left_out = models.PositiveIntegerField(
        default=0, help_text="Prompts that a ranking left out: fewer than three different responses."
    )
    seed = models.BigIntegerField(
        null=True, blank=True, help_text="Seed of every draw of the order; empty counts as 0."
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="campaign_name_unique"),
            models.CheckConstraint(
                condition=Q(overlap__gte=1, overlap__lte=MAX_OVERLAP), name="campaign_overlap_in_range"
            ),
            models.CheckConstraint(
                condition=Q(overlap_cap__isnull=True)
                | Q(overlap_cap__gte=F("overlap"), overlap_cap__lte=MAX_OVERLAP),
                name="campaign_overlap_cap_in_range",
            ),
            models.CheckConstraint(
                condition=Q(gold_share__gte=0, gold_share__lte=0.5), name="campaign_gold_share_in_range"
            ),
            models.CheckConstraint(
                condition=Q(qualification_pass__gte=0, qualification_pass__lte=1),
                name="campaign_pass_mark_in_range",
            ),
            models.CheckConstraint(
                condition=Q(control_share__gte=0, control_share__lte=1),
                name="campaign_control_share_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def task(self) -> TaskForm:
        """What is asked about each pair."""
        return TaskForm.model_validate(self.form)


class Guideline(models.Model):
    """One version of a campaign's guidelines, in Markdown. Assignments remember which one was shown."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField(default=1)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GuidelineQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="guideline_number_unique")]

    def __str__(self) -> str:
        return f"guidelines {self.number}"


class CampaignPair(models.Model):
    """A pair's place in a campaign's queue, or, with `gold`, a pair that checks people and has no place.

    `overlap` is how many people are asked about it, `slots_left` how many of those places are free: the
    index of claimable pairs is built on it. Both are changed only under this row's lock, and the unique index
    on assignments refuses one slot too many should they ever be wrong. In a ranking `responses` holds what is
    put in order, and `pair` is its first two. `disagreement` (0 to 1) and `n_rushed` are set when the last
    slot is answered; `review` says where the pair stands with reviewers.
    """

    class Review(models.TextChoices):
        NONE = "", "Nothing to review"
        OPEN = "open", "Waiting for a reviewer"
        RETURNED = "returned", "Sent to one more person"
        DECIDED = "decided", "Decided"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="campaign_pairs")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="campaign_pairs")
    gold = models.ForeignKey(GoldPair, on_delete=models.PROTECT, null=True, related_name="campaign_pairs")
    responses = ArrayField(models.BigIntegerField(), null=True)
    position = models.PositiveIntegerField(null=True)
    control = models.BooleanField(default=False, help_text="In the random arm of an uncertainty order.")
    overlap = models.PositiveSmallIntegerField(default=1)
    slots_left = models.PositiveSmallIntegerField()
    disagreement = models.FloatField(null=True)
    n_rushed = models.PositiveSmallIntegerField(default=0)
    review = models.CharField(max_length=8, choices=Review, default=Review.NONE, blank=True)

    objects = CampaignPairQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "pair"], name="campaign_pair_unique"),
            models.UniqueConstraint(fields=["campaign", "position"], name="campaign_position_unique"),
            models.CheckConstraint(
                condition=Q(gold__isnull=True, position__isnull=False)
                | Q(gold__isnull=False, position__isnull=True, slots_left=0),
                name="campaign_pair_placed_or_gold",
            ),
            models.CheckConstraint(
                condition=Q(slots_left__lte=F("overlap")), name="campaign_pair_slots_within_overlap"
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "position"],
                condition=Q(slots_left__gt=0),
                name="campaign_pair_claimable",
            ),
            models.Index(
                fields=["campaign", "-disagreement", "-n_rushed"],
                condition=Q(review="open"),
                name="campaign_pair_to_review",
            ),
            models.Index(fields=["campaign"], condition=Q(gold__isnull=False), name="campaign_pair_gold"),
            models.Index(
                fields=["campaign", "overlap"], condition=Q(gold__isnull=True), name="campaign_pair_overlap"
            ),
            models.Index(fields=["campaign"], condition=Q(n_rushed__gt=0), name="campaign_pair_rushed"),
        ]

    def __str__(self) -> str:
        return f"pair {self.pair_id} in campaign {self.campaign_id}"
