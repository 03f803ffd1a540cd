"""Cleaning reports with what their pages show beside the stored rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, Window
from django.db.models.functions import RowNumber

from curation.algorithms.patterns import NAMES
from curation.languages import language_name
from curation.models import (
    CleaningReport,
    DuplicateMember,
    LanguageFinding,
    PatternFinding,
    Project,
    PromptExclusion,
)
from curation.report_standing import Standing, report_standing

FINDINGS = 50
EXAMPLES = 3
CLUSTERS = 20
SHOWN_MEMBERS = 20
LEAST_RECALL = 0.95


@dataclass(frozen=True)
class Cluster:
    """The first `members` of a cluster of `size`, `in_use` of which are not excluded."""

    number: int
    size: int
    in_use: int
    members: Sequence[DuplicateMember]


@dataclass(frozen=True)
class LanguageRow:
    """A language of a report: its prompts, those not excluded, those whose own field says another, and the
    first EXAMPLES of them. `code` is empty for prompts that are too short to tell."""

    code: str
    prompts: int
    in_use: int
    contradict: int
    examples: Sequence[LanguageFinding]

    @property
    def label(self) -> str:
        return language_name(self.code)


def cleaning_standing(project: Project, kind: str) -> Standing[CleaningReport]:
    return report_standing(CleaningReport.objects.filter(project=project, kind=kind))


@dataclass(frozen=True)
class Recall:
    """How much of what exact search finds an index found, for a sample of prompts."""

    sampled: int
    neighbours: float
    links: float | None

    @property
    def is_low(self) -> bool:
        return min(self.neighbours, 1.0 if self.links is None else self.links) < LEAST_RECALL


def index_recall(report: CleaningReport) -> Recall | None:
    """What the check of the index found; None where the search was exact."""
    counts = report.counts
    if not counts.get("neighbours"):
        return None
    return Recall(
        sampled=counts["sampled"],
        neighbours=counts["neighbours_found"] / counts["neighbours"],
        links=counts["links_found"] / counts["links"] if counts["links"] else None,
    )


def n_excluded_by(report: CleaningReport) -> int:
    """Prompts that stand excluded because of the report."""
    return PromptExclusion.objects.standing().filter(report=report).count()


def clusters_page(report: CleaningReport, number: Any) -> tuple[Page[int], list[Cluster]]:
    """A page of cluster numbers, and those clusters."""
    page = Paginator(range(1, report.counts["clusters"] + 1), CLUSTERS).get_page(number)
    standing = PromptExclusion.objects.standing().filter(prompt=OuterRef("prompt"))
    members = DuplicateMember.objects.filter(report=report, cluster__in=list(page.object_list)).annotate(
        is_excluded=Exists(standing)
    )
    rank = Window(RowNumber(), partition_by="cluster", order_by="prompt_id")
    first = members.annotate(rank=rank).filter(rank__lte=SHOWN_MEMBERS).select_related("prompt")
    sizes = members.order_by("cluster").values_list("cluster")
    counted = sizes.annotate(size=Count("pk"), in_use=Count("pk", filter=Q(is_excluded=False)))
    shown = {number: list(rows) for number, rows in groupby(first, attrgetter("cluster"))}
    return page, [Cluster(number, size, in_use, shown[number]) for number, size, in_use in counted]


def pattern_counts(report: CleaningReport) -> list[tuple[str, str, int]]:
    """(kind, what it is called, rows of it) for every kind that a report looked for."""
    return [(kind, label, report.counts.get(kind, 0)) for kind, label in NAMES.items()]


def findings_page(report: CleaningReport, kind: str, number: Any) -> Page[Any]:
    """A page of findings, of one kind or of all, each with `is_excluded`."""
    standing = PromptExclusion.objects.standing().filter(prompt=OuterRef("prompt"))
    findings = PatternFinding.objects.filter(report=report).annotate(is_excluded=Exists(standing))
    findings = findings.filter(kind=kind) if kind else findings
    return Paginator(findings.select_related("prompt"), FINDINGS).get_page(number)


def language_rows(report: CleaningReport) -> list[LanguageRow]:
    """The languages that a report found, the most frequent first, prompts too short to tell last."""
    standing = PromptExclusion.objects.standing().filter(prompt=OuterRef("prompt"))
    found = LanguageFinding.objects.filter(report=report)
    rank = Window(RowNumber(), partition_by="language", order_by="prompt_id")
    first = found.annotate(rank=rank).filter(rank__lte=EXAMPLES).select_related("prompt").order_by("language")
    shown = {code: list(rows) for code, rows in groupby(first, attrgetter("language"))}
    counted = (
        found.annotate(is_excluded=Exists(standing))
        .order_by("language")
        .values("language")
        .annotate(
            prompts=Count("pk"),
            in_use=Count("pk", filter=Q(is_excluded=False)),
            contradict=Count("pk", filter=Q(contradicts=True)),
        )
    )
    rows = [
        LanguageRow(
            code=row["language"],
            prompts=row["prompts"],
            in_use=row["in_use"],
            contradict=row["contradict"],
            examples=shown[row["language"]],
        )
        for row in counted
    ]
    return sorted(rows, key=lambda row: (not row.code, -row.prompts, row.code))


def language_findings_page(
    report: CleaningReport, *, language: str | None, contradicts: bool, number: Any
) -> Page[Any]:
    """A page of prompts with their languages, each with `is_excluded`; of one language (empty: too short to
    tell) or of all, and all or only those whose own field says another."""
    standing = PromptExclusion.objects.standing().filter(prompt=OuterRef("prompt"))
    found = LanguageFinding.objects.filter(report=report).annotate(is_excluded=Exists(standing))
    found = found if language is None else found.filter(language=language)
    found = found.filter(contradicts=True) if contradicts else found
    return Paginator(found.select_related("prompt"), FINDINGS).get_page(number)
