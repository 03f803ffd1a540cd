"""Cleaning of prompts: what reports found, and which prompts are left out because of it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from curation.algorithms.patterns import NAMES
from curation.languages import language_name
from curation.models.background import BackgroundReport
from curation.models.people import Project, User
from curation.models.prompts import Prompt
from curation.models.responses import Response
from curation.querysets import PromptExclusionQuerySet


class CleaningReport(BackgroundReport):
    """One search through a project's prompts, as of `started_at`.

    `counts` says how much was read and found; the rows themselves are in the tables below. `attempt` tells
    the workers of one report apart: only the last to claim it may finish it.
    """

    class Kind(models.TextChoices):
        DUPLICATES = "duplicates", "Near duplicates"
        NEIGHBOURS = "neighbours", "Near duplicates by meaning"
        PATTERNS = "patterns", "Personal data and secrets"
        LANGUAGES = "languages", "Language of prompts"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="cleaning_reports")
    kind = models.CharField(max_length=10, choices=Kind)
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    counts: models.JSONField[dict[str, int]] = models.JSONField(default=dict)

    class Meta(BackgroundReport.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind"],
                condition=Q(state__in=["queued", "running"]),
                name="cleaning_report_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"cleaning report {self.pk}"


class DuplicateMember(models.Model):
    """A prompt of a cluster of near duplicates.

    `similarity` is its largest Jaccard index, or cosine, with another member; `exact` says that another is
    the same but for case and white space.
    """

    report = models.ForeignKey(CleaningReport, on_delete=models.CASCADE, related_name="members")
    cluster = models.PositiveIntegerField(help_text="Numbered from 1, the largest first")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    similarity = models.FloatField()
    exact = models.BooleanField()

    class Meta:
        ordering = ["cluster", "prompt_id"]
        constraints = [
            models.UniqueConstraint(fields=["report", "prompt"], name="duplicate_member_once_per_report"),
            models.CheckConstraint(
                condition=Q(similarity__gte=0, similarity__lte=1), name="duplicate_member_similarity_in_range"
            ),
        ]
        indexes = [models.Index(fields=["report", "cluster"], name="duplicate_member_by_cluster")]

    def __str__(self) -> str:
        return f"prompt {self.prompt_id} in cluster {self.cluster}"


class PatternFinding(models.Model):
    """Matches of one kind in a prompt or in one of its responses; `masked` shows the first of `n`, and no
    more of it than tells what it is."""

    report = models.ForeignKey(CleaningReport, on_delete=models.CASCADE, related_name="findings")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    response = models.ForeignKey(Response, on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=10)
    masked = models.CharField(max_length=80)
    n = models.PositiveIntegerField()

    class Meta:
        ordering = ["prompt_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "prompt", "response", "kind"],
                nulls_distinct=False,
                name="pattern_finding_once_per_text",
            )
        ]
        indexes = [models.Index(fields=["report", "kind", "prompt"], name="pattern_finding_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} in prompt {self.prompt_id}"

    @property
    def label(self) -> str:
        return NAMES[self.kind]


class LanguageFinding(models.Model):
    """The language that a prompt was found to be in; empty where it cannot be told. `contradicts` says that
    the prompt's own field named another one then."""

    report = models.ForeignKey(CleaningReport, on_delete=models.CASCADE, related_name="languages")
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=3, blank=True, help_text="ISO 639")
    contradicts = models.BooleanField()

    class Meta:
        ordering = ["prompt_id"]
        constraints = [
            models.UniqueConstraint(fields=["report", "prompt"], name="language_finding_once_per_prompt"),
            models.CheckConstraint(
                condition=~Q(language="", contradicts=True), name="language_finding_contradicts_by_language"
            ),
        ]
        indexes = [models.Index(fields=["report", "language", "prompt"], name="language_finding_by_language")]

    def __str__(self) -> str:
        return f"prompt {self.prompt_id} in {self.language or 'an untold language'}"

    @property
    def label(self) -> str:
        return language_name(self.language)


class PromptExclusion(models.Model):
    """From `created_at` until `lifted_at` the prompt is sampled, paired and trained on no more; nothing of it
    is deleted. `kept` is the prompt that stands for it, where it is a duplicate."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="exclusions")
    reason = models.CharField(max_length=150)
    report = models.ForeignKey(
        CleaningReport, on_delete=models.SET_NULL, null=True, blank=True, related_name="exclusions"
    )
    kept = models.ForeignKey(Prompt, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = PromptExclusionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(lifted_at__isnull=True), name="prompt_excluded_once"
            )
        ]

    def __str__(self) -> str:
        return f"exclusion of prompt {self.prompt_id}"
