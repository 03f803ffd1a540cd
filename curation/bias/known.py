"""What every card of a version tells of its labels and leanings, in words and with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def known_biases(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a version's card says of its labels and leanings, from what a bias report found."""
    return [
        {
            "label": "Two raters of a pair agree",
            "says": "Of all twosomes of raters who voted for a side of the same pair.",
            "is_share": True,
            "mark": 0.5,
            **_complement(report["noise"]["differ"]),
        },
        {
            "label": "A label is wrong, estimated",
            "says": "From how often two raters disagree, for the majority of as many votes as each row has.",
            "is_share": True,
            "mark": 0.5,
            **report["noise"]["flip"],
        },
        {
            "label": "The longer response is chosen",
            "says": "Of the rows whose responses differ in length. 50 % is no bias.",
            "is_share": True,
            "mark": 0.5,
            **report["length"]["longer"],
        },
        {
            "label": "Chosen told from rejected by its looks",
            "says": "AUC of a linear probe that sees surface features alone. 0.5 is no bias.",
            "is_share": False,
            "mark": 0.5,
            **report["separation"]["surface"]["auc"],
        },
    ]


def _complement(share: dict[str, Any]) -> dict[str, Any]:
    """The share of the others, with its interval."""
    turned = {key: None if share[key] is None else 1 - share[key] for key in ("value", "low", "high")}
    return {**share, **turned, "low": turned["high"], "high": turned["low"]}
