"""How varied a version is, how its categories balance, and how near it comes to the eval prompts."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Count

from curation.algorithms.biases import evenness, nearest_similarity
from curation.algorithms.text_features import Words, distinct_share
from curation.bias.numbers import share
from curation.bias.reads import VersionRows, prompt_texts, sampled
from curation.bias.separation import Sample
from curation.models import DatasetVersion, Prompt

IntArray = npt.NDArray[np.int64]

MOST_WORDS = 100_000
MOST_PROMPTS, MOST_EVAL = 20_000, 1000
MOST_CATEGORIES = 20
NEAR = (0.5, 0.7, 0.9)
NO_EVAL = "the project has no eval prompts"


def diversity(sample: Sample, rows: VersionRows) -> list[dict[str, Any]]:
    """distinct-1 and distinct-2: of chosen and rejected responses, as many words of each, and of prompts."""
    chosen, rejected = (
        [sample.words.texts[at] for at in np.unique(side).tolist()]
        for side in (sample.chosen, sample.rejected)
    )
    alike = min(MOST_WORDS, *(sum(len(text) for text in texts) for texts in (chosen, rejected)))
    prompts = Words()
    for text in prompt_texts(sampled(np.unique(rows.table["prompt"]), MOST_PROMPTS)):
        prompts.add(text)
    return [
        _distinct(name, texts, budget)
        for name, texts, budget in (
            ("chosen responses", chosen, alike),
            ("rejected responses", rejected, alike),
            ("prompts", prompts.texts, MOST_WORDS),
        )
    ]


def _distinct(name: str, texts: list[npt.NDArray[np.int32]], budget: int) -> dict[str, Any]:
    one, n = distinct_share(texts, 1, budget)
    two, _ = distinct_share(texts, 2, budget)
    return {"name": name, "words": n, "one": None if isnan(one) else one, "two": None if isnan(two) else two}


def category_balance(version: DatasetVersion) -> dict[str, Any]:
    """Rows by the category of their prompt."""
    found = list(
        version.rows.order_by()
        .values_list("pair__prompt__category")
        .annotate(n=Count("pk"))
        .order_by("-n", "pair__prompt__category")
    )
    counts = [n for _, n in found]
    even = evenness(counts)
    return {
        "rows": [{"name": name, "share": share(n, sum(counts), "")} for name, n in found[:MOST_CATEGORIES]],
        "left_out": len(found) - len(found[:MOST_CATEGORIES]),
        "n_categories": len(found),
        "evenness": None if isnan(even) else even,
    }


def eval_coverage(version: DatasetVersion, rows: VersionRows) -> dict[str, Any]:
    """How many prompts of the project's eval split have a prompt like them among the rows to train on."""
    training = np.unique(rows.table["prompt"][rows.table["is_train"] == 1])
    tests = np.array(
        Prompt.objects.filter(project=version.project_id, split=Prompt.Split.EVAL)
        .order_by("id")
        .values_list("id", flat=True),
        dtype=np.int64,
    )
    some_training, some_tests = sampled(training, MOST_PROMPTS), sampled(tests, MOST_EVAL)
    nearest = nearest_similarity(prompt_texts(some_tests), prompt_texts(some_training))
    return {
        "near": [
            {"above": least, "share": share(int((nearest >= least).sum()), len(nearest), NO_EVAL)}
            for least in NEAR
        ],
        "median": float(np.median(nearest)) if len(nearest) else None,
        "n_eval": len(tests),
        "n_eval_read": len(some_tests),
        "n_training": len(training),
        "n_training_read": len(some_training),
    }
