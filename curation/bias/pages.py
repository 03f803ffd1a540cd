"""Bias reports with what their page shows beside the stored JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from config.charts import columns, number_text
from curation.models import BiasReport, DatasetVersion
from curation.report_standing import Standing, report_standing

NOISE = (
    (
        "against",
        "Votes for the rejected response",
        "Of all votes for a side. Each vote also shaped the label, so this is the least it can be.",
    ),
    (
        "differ",
        "Two raters of a pair disagree",
        "Of all twosomes of raters who voted for a side of the same pair.",
    ),
    ("error", "One vote is wrong, estimated", "e, where two votes disagree with probability 2e(1 − e)."),
    (
        "flip",
        "A label is wrong, estimated",
        "The majority of as many votes as each row has, each wrong with probability e.",
    ),
    (
        "soft",
        "A label is wrong, by its own soft label",
        "The mean of 1 − soft label over the rows: right only if those probabilities are.",
    ),
)
# Key, label, what it says, whether it is a share, and where no bias would be.
LENGTH = (
    (
        "longer",
        "The longer response is chosen",
        "Of the rows whose responses differ in length. 50 % is no bias.",
        True,
        0.5,
    ),
    (
        "auc",
        "AUC of “longer wins”",
        "How often a chosen response is longer than a rejected one, of any rows. 0.5 is no bias.",
        False,
        0.5,
    ),
    (
        "spearman",
        "Spearman’s ρ of margin and length difference",
        "Above 0: the surer the label, the longer the chosen one. Its interval takes rows as independent.",
        False,
        0.0,
    ),
)
PROBES = (
    ("length", "Length alone", "The number of characters."),
    ("surface", "Surface", "Lengths, lists, headings, punctuation, refusals, endings."),
    ("words", "Words", "Which frequent words and pairs of words it has, not how often."),
    ("embedding", "Meaning", "Its sentence embedding; what lies beyond the model’s window is not seen."),
)


def bias_standing(version: DatasetVersion) -> Standing[BiasReport]:
    return report_standing(BiasReport.objects.filter(version=version))


def bias_context(version: DatasetVersion) -> dict[str, Any]:
    """Everything the page of a version's report shows."""
    standing = bias_standing(version)
    context: dict[str, Any] = {"version": version, "standing": standing, "report": None}
    if standing.done is None:
        return context
    report = standing.done.report
    return context | {
        "report": report,
        "probes": [
            {"label": label, "says": says, **report["separation"][key]}
            for key, label, says in PROBES
            if key in report["separation"]  # a report from before there were embeddings has fewer
        ],
        "lengths": [
            {"label": label, "says": says, "is_share": is_share, "mark": mark, **report["length"][key]}
            for key, label, says, is_share, mark in LENGTH
        ],
        "ratios": ratio_chart(report["length"]["ratio"]),
        "noises": [{"label": label, "says": says, **report["noise"][key]} for key, label, says in NOISE],
        "square": list(zip(report["models"]["rows"], report["models"]["square"], strict=False)),
    }


def ratio_chart(ratio: dict[str, Any]) -> Any:
    edges = ratio["edges"]
    names = [
        f"{number_text(2**low)} to {number_text(2**high)} times as long" for low, high in pairwise(edges)
    ]
    label = "Rows by how many times as long as the rejected response the chosen one is"
    return columns(list(zip(names, ratio["counts"], strict=True)), label=label)
