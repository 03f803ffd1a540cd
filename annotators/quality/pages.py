"""Quality reports with what their pages show beside the stored JSON."""

from __future__ import annotations

from typing import Any

from annotators.models import Campaign, Participation, QualityReport
from curation.consensus_methods import method_label
from curation.models import Project, Rater, RaterExclusion
from curation.report_standing import Standing, report_standing

STATISTICS = (
    ("percent", "Percent agreement", "How often two raters of a pair say the same; chance counts too."),
    ("fleiss", "Fleiss' κ", "The same beyond chance, where every pair has the same number of raters."),
    ("alpha_nominal", "Krippendorff's α, nominal", "Beyond chance, of A, B, tie, both bad; any overlap."),
    ("alpha_ordinal", "Krippendorff's α, ordinal", "Of the strengths from −3 to 3: how far apart in rank."),
    ("alpha_interval", "Krippendorff's α, interval", "Of the strengths: how far apart in steps."),
)  # fmt: skip


def quality_standing(project: Project, campaign: Campaign | None) -> Standing[QualityReport]:
    return report_standing(QualityReport.objects.filter(project=project, campaign=campaign))


def report_context(project: Project, campaign: Campaign | None) -> dict[str, Any]:
    """Everything the page of a report shows."""
    standing = quality_standing(project, campaign)
    context: dict[str, Any] = {"standing": standing, "report": None}
    if standing.done is None:
        return context
    report, n = standing.done.report, standing.done.n_judgments
    labels = {int(pk): label for pk, label in report["raters"].items()}
    return context | {
        "report": report,
        "since": f"From {n:,} judgment{'' if n == 1 else 's'}.",
        "statistics": [
            {"label": label, "says": says, "is_share": key == "percent", **report["overall"][key]}
            for key, label, says in STATISTICS
        ],
        "people": people_now(report["people"], project, campaign),
        "rater_pairs": [
            {**row, "first_label": labels[row["first"]], "second_label": labels[row["second"]]}
            for row in report["rater_pairs"]["rows"]
        ],
        "methods": methods_table(report["methods"]) if "methods" in report else None,
    }


def people_now(
    rows: list[dict[str, Any]], project: Project, campaign: Campaign | None
) -> list[dict[str, Any]]:
    """The rows of a report, with what may have changed since: names, exclusion and standing."""
    standing = RaterExclusion.objects.standing().filter(rater__project=project)
    out = set(standing.values_list("rater", flat=True))
    labels = dict(Rater.objects.filter(project=project).values_list("pk", "label"))
    standings = {}
    if campaign is not None:
        standings = {
            row.user_id: row for row in Participation.objects.filter(campaign=campaign).select_related("user")
        }
    return [
        {
            **row,
            "label": labels.get(row["rater"], row["label"]),
            "excluded": row["rater"] in out,
            "standing": standings.get(row["user"]),
        }
        for row in rows
    ]


def methods_table(methods: dict[str, Any]) -> dict[str, Any]:
    """A square of how many pairs each two methods conclude alike."""
    built = [{**row, "label": method_label(row["name"])} for row in methods["built"]]
    same = {frozenset((row["first"], row["second"])): row for row in methods["same"]}
    names = [row for row in built if row["n"] is not None]
    square = [
        {
            **row,
            "cells": [
                None
                if row is other
                else {
                    **same.get(frozenset((row["name"], other["name"])), {"n": 0, "same": 0}),
                    "other": other["name"],
                }
                for other in names
            ],
        }
        for row in names
    ]
    return {"names": names, "square": square, "failed": [row for row in built if row["n"] is None]}
