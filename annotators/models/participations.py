"""Who takes part in a campaign, how far they are, and how they like to work."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotators.models.campaigns import Campaign
from curation.models import User


class Participation(models.Model):
    """A person's standing in a campaign. Its row lock is what makes one request of a person wait for another.

    The counters change only under that lock: counting a year's answers anew on each key press would make
    the page slower with every answer. `n_opened` numbers the turns given, which decides where gold comes;
    `n_left_a` of them showed response A on the left. `round_began_at` is set when somebody gets another try
    at the qualification round, which then is of the turns opened since; `paused_from` is the state that
    resuming goes back to.
    """

    class State(models.TextChoices):
        QUALIFYING = "qualifying", "Qualifying"
        ACTIVE = "active", "Active"
        FAILED = "failed", "Did not qualify"
        PAUSED = "paused", "Paused"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="participations")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="participations")
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    n_opened = models.PositiveIntegerField(default=0)
    n_left_a = models.PositiveIntegerField(default=0)
    n_answered = models.PositiveIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    round_began_at = models.DateTimeField(null=True, blank=True)
    paused_from = models.CharField(max_length=10, choices=State, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user"], name="participation_once_per_person"),
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False) | ~Q(state="paused"),
                name="participation_pause_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.campaign}"


class LabelSettings(models.Model):
    """How a person likes the labelling page; `keys` maps an action to the key they chose for it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="label_settings")
    keys: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    shortcuts = models.BooleanField(default=True)
    auto_advance = models.BooleanField(default=True)
    linked_scrolling = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"labelling settings of {self.user}"
