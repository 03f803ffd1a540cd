"""A bias report: what gives the responses of a version away, and what the version leans towards, as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from curation.bias.leanings import label_noise, length_bias, model_table
from curation.bias.meaning import read_meaning
from curation.bias.reads import read_rows
from curation.bias.separation import (
    Beat,
    both_sides,
    by_surface,
    chosen_and_rejected,
    each_source,
    read_sample,
)
from curation.bias.variety import category_balance, diversity, eval_coverage
from curation.models import DatasetVersion


def build_report(*, version: DatasetVersion, beat: Beat) -> dict[str, Any]:
    """`beat` is called after each of its parts."""
    rows = read_rows(version)
    beat()
    report: dict[str, Any] = {
        "n_rows": len(rows),
        "n_prompts": len(np.unique(rows.table["prompt"])),
        "models": model_table(rows),
        "length": length_bias(rows),
    }
    beat()
    report["noise"] = label_noise(rows, version)
    beat()
    sample = read_sample(rows, beat)
    report["n_rows_read"] = len(sample.chosen)
    report["n_responses_read"] = len(sample.surface)
    meaning = read_meaning(version.project, sample.response)
    report["separation"] = chosen_and_rejected(sample, meaning, beat)
    report["sources"] = each_source(sample, meaning, rows.models, beat)
    report["diversity"] = diversity(sample, rows)
    beat()
    report["categories"] = category_balance(version)
    report["coverage"] = eval_coverage(version, rows)
    return report


def frozen_findings(version: DatasetVersion) -> dict[str, Any]:
    """The parts of a report that `known_biases` reads. They follow from the version's rows and the judgments
    that it was frozen with, so they come out the same at any time."""
    rows = read_rows(version)
    sample = read_sample(rows, lambda: None)
    return {
        "noise": label_noise(rows, version),
        "length": length_bias(rows),
        "separation": {"surface": by_surface(sample, *both_sides(sample))},
    }
