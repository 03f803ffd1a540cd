"""Who is shown which pair, which side is left, and until when it is theirs."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from annotators.answers import answer_words
from annotators.models.campaigns import Campaign, CampaignPair, Guideline
from annotators.querysets import AssignmentQuerySet
from curation.models import Judgment, Pair, Response, User
from curation.models.judgments import Side


class Assignment(models.Model):
    """One person's turn at one pair of a campaign; there is never a second row for the two.

    `left`, and in a ranking `order` (response ids as listed), is drawn once, when the row is made, and never
    redrawn: not on reload, not when the lease runs out and the pair comes back to the same person. A pair has
    `overlap` slots; a slot is taken while an assignment on it is open or done, which the partial unique index
    enforces, so overlap can be neither exceeded nor raced. Turns that check a person take no slot.
    `judgment` is the head of this turn's chain: the answer while done, the withdrawal after an undo. `turn`
    counts how often it was opened: an answer that arrives late, from before an undo, names an older one.
    `reopened_at` is when the answer was last taken back, or changed.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"
        EXPIRED = "expired", "Expired"

    class Purpose(models.TextChoices):
        MAIN = "main", "Main"
        GOLD = "gold", "Gold"
        QUALIFICATION = "qualification", "Qualification"

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="assignments")
    campaign_pair = models.ForeignKey(CampaignPair, on_delete=models.CASCADE, related_name="assignments")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="assignments")
    annotator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="assignments")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, null=True, related_name="+")
    purpose = models.CharField(max_length=13, choices=Purpose, default=Purpose.MAIN)
    slot = models.PositiveSmallIntegerField(null=True)
    left = models.CharField(max_length=1, choices=Side)
    order = ArrayField(models.BigIntegerField(), null=True)
    turn = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    leased_until = models.DateTimeField()
    opened_at = models.DateTimeField()
    reopened_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    draft: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True)
    judgment = models.OneToOneField(Judgment, on_delete=models.PROTECT, null=True, related_name="assignment")

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign_pair", "slot"],
                condition=Q(state__in=["open", "done"]),
                name="assignment_slot_taken_once",
            ),
            models.UniqueConstraint(
                fields=["campaign_pair", "annotator"], name="assignment_pair_once_per_person"
            ),
            models.CheckConstraint(
                condition=Q(state="done", judgment__isnull=False, answered_at__isnull=False)
                | ~Q(state="done"),
                name="assignment_done_has_judgment",
            ),
            models.CheckConstraint(condition=Q(left__in=["a", "b"]), name="assignment_left_known"),
            models.CheckConstraint(
                condition=Q(purpose="main", slot__isnull=False) | ~Q(purpose="main") & Q(slot__isnull=True),
                name="assignment_slot_unless_check",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "annotator", "answered_at"],
                condition=Q(state="done"),
                name="assignment_done_by_person",
            ),
            models.Index(
                fields=["campaign", "answered_at"], condition=Q(state="done"), name="assignment_done_by_time"
            ),
            models.Index(
                fields=["campaign"],
                condition=Q(state="done", slot__isnull=True),
                name="assignment_checks_done",
            ),
            models.Index(fields=["campaign", "annotator"], condition=Q(state="open"), name="assignment_open"),
            models.Index(
                fields=["campaign", "reopened_at"],
                condition=Q(reopened_at__isnull=False),
                name="assignment_reopened",
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"

    @property
    def left_response(self) -> Response:
        return self.pair.response_a if self.left == Side.A else self.pair.response_b

    @property
    def right_response(self) -> Response:
        return self.pair.response_b if self.left == Side.A else self.pair.response_a

    @property
    def words(self) -> str:
        """The answer in words; empty while there is none."""
        given = self.judgment
        return answer_words(given.outcome, given.preference, given.skip_reason) if given else ""

    @property
    def seconds(self) -> float | None:
        """How long the answer took."""
        took = self.judgment.duration_ms if self.judgment else None
        return None if took is None else took / 1000


class ImpliedJudgment(models.Model):
    """A judgment on another pair that follows from an assignment's answer: the other pairs of a ranking, or
    a rewrite over the response it rewrites. `judgment` is the head of its chain, as on the assignment."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="implied")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="+")
    judgment = models.OneToOneField(Judgment, on_delete=models.PROTECT, related_name="implied_by")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "pair"], name="implied_judgment_once_per_pair")
        ]

    def __str__(self) -> str:
        return f"judgment {self.judgment_id} implied by assignment {self.assignment_id}"
