"""Comparisons of two versions with what their page shows beside the stored JSON."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from curation.dataset_compare import KINDS, differing_rows, shares
from curation.models import DatasetComparison, DatasetVersion
from curation.report_standing import Standing, report_standing

ROWS = 50


def comparison_standing(old: DatasetVersion, new: DatasetVersion) -> Standing[DatasetComparison]:
    return report_standing(DatasetComparison.objects.filter(old=old, new=new))


def comparison_context(
    *, old: DatasetVersion, new: DatasetVersion, kind: str, why: str, number: str | None
) -> dict[str, Any]:
    """Everything the page of two versions shows; without a report, where one stands."""
    standing = comparison_standing(old, new)
    context: dict[str, Any] = {"old": old, "new": new, "standing": standing, "report": None}
    if standing.done is None:
        return context
    report = standing.done.report
    kind = kind or next((name for name in KINDS if report["counts"][name]), "added")
    reasons = report["reasons"][kind]
    n = dict(reasons).get(why, 0) if why else report["counts"][kind]
    return context | {
        "report": report,
        "kind": kind,
        "is_missing": kind in {"added", "removed"},
        "kind_label": KINDS[kind],
        "why": why,
        "counts": [(name, label, report["counts"][name]) for name, label in KINDS.items()],
        "reasons": reasons,
        "shares": shares(old, new),
        "page": rows_page(differing_rows(old, new, kind, why), n, number),
    }


def rows_page(rows: QuerySet[Any], n: int, number: str | None) -> Page[Any]:
    """A page of the `n` rows that differ. Their ids are found first, or all their texts would be sorted."""
    paginator = Paginator(rows.values_list("pk", flat=True), ROWS)
    paginator.count = n  # as the worker counted
    page = paginator.get_page(number)
    found = rows.filter(pk__in=list(page.object_list)).select_related("pair__prompt", "chosen", "rejected")
    page.object_list = list(found)
    return page
