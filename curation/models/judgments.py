"""Step 4: raters and what they said. People and judges share these tables."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.models.pairs import Pair
from curation.models.people import Project, User
from curation.querysets import JudgmentQuerySet, RaterExclusionQuerySet, RaterQuerySet


class Rater(models.Model):
    """A person in a project, or one version of a judge.

    A person without an account here came with an import and is known by `label` alone.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        JUDGE = "judge", "Judge"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="raters")
    kind = models.CharField(max_length=6, choices=Kind)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="raters")
    label = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RaterQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"], condition=Q(user__isnull=False), name="rater_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["project", "label"],
                condition=Q(kind="person", user__isnull=True),
                name="rater_once_per_imported_person",
            ),
            models.CheckConstraint(
                condition=Q(kind="person") | Q(kind="judge", user__isnull=True),
                name="rater_judge_has_no_user",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class RaterExclusion(models.Model):
    """From `created_at` until `lifted_at` the rater's judgments count in no consensus; none is deleted."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="exclusions")
    reason = models.CharField(max_length=300)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = RaterExclusionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rater"], condition=Q(lifted_at__isnull=True), name="rater_excluded_once"
            )
        ]

    def __str__(self) -> str:
        return f"exclusion of rater {self.rater_id}"


class Side(models.TextChoices):
    A = "a", "Response A"
    B = "b", "Response B"


class Judgment(models.Model):
    """A rater's answer on a pair as shown. Append-only: a correction is a row that supersedes this one.

    `preference` runs from 3 (left much better) over 2 (better) and 1 (slightly) to −3; it is set
    exactly when the outcome is `preferred`. `probability` is P(left is better), where known.
    A `withdrawn` row takes its predecessor back and says nothing itself. An `adjudicated` one is a
    reviewer's decision and outweighs every other answer on its pair. `attributes` holds what the task form
    asked for beside the preference (see `annotators.task_form`); `guideline` is the number of the
    guidelines' version that the person was shown.
    """

    class Outcome(models.TextChoices):
        PREFERRED = "preferred", "Preferred"
        TIE = "tie", "Tie"
        BOTH_BAD = "both_bad", "Both bad"
        SKIP = "skip", "Skipped"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Source(models.TextChoices):
        CAMPAIGN = "campaign", "Campaign"
        JUDGE = "judge", "Judge"
        IMPORT = "import", "Import"
        ADJUDICATED = "adjudicated", "Adjudicated"

    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="judgments")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="judgments")
    left = models.CharField(max_length=1, choices=Side)
    outcome = models.CharField(max_length=9, choices=Outcome)
    preference = models.SmallIntegerField(null=True, blank=True)
    probability = models.FloatField(null=True, blank=True)
    attributes: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, blank=True)
    rationale = models.TextField(blank=True)
    skip_reason = models.CharField(max_length=40, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    guideline = models.PositiveIntegerField(null=True, blank=True)
    source = models.CharField(max_length=11, choices=Source)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = JudgmentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="preferred", preference__isnull=False)
                & Q(preference__gte=-3, preference__lte=3)
                & ~Q(preference=0)
                | ~Q(outcome="preferred") & Q(preference__isnull=True),
                name="judgment_preference_in_range",
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1),
                name="judgment_probability_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="withdrawn") | Q(supersedes__isnull=False),
                name="judgment_withdrawal_supersedes",
            ),
            models.CheckConstraint(condition=Q(left__in=["a", "b"]), name="judgment_left_known"),
        ]
        indexes = [models.Index(fields=["rater", "pair"], name="judgment_rater_pair")]

    def __str__(self) -> str:
        return f"judgment {self.pk}"


class Consensus(models.Model):
    """What a named method concludes for a pair from its current judgments. Rebuildable.

    `probability` is P(a is better); `winner` is empty for a tie; `margin` = |2·probability − 1|.
    """

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="consensuses")
    method = models.CharField(max_length=40)
    winner = models.CharField(max_length=1, choices=Side, blank=True)
    probability = models.FloatField()
    margin = models.FloatField()
    votes: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    computed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "method"], name="consensus_once_per_method"),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="consensus_probability_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} on pair {self.pair_id}"


class ConsensusBuild(models.Model):
    """What a project's consensus by one method was last built from; see `consensus_refresh`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="consensus_builds")
    method = models.CharField(max_length=40)
    basis = models.CharField(max_length=200)
    built_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "method"], name="consensus_build_once_per_method")
        ]

    def __str__(self) -> str:
        return f"{self.method} in {self.project}"
