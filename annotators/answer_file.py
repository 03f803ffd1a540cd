"""Answers as CSV, for a spreadsheet or a notebook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from annotators.answers import answer_words
from annotators.models import Assignment
from curation.csv_lines import csv_lines

COLUMNS = [
    "pair", "prompt", "category", "person", "answer", "outcome", "preference_to_left", "left", "seconds",
    "rationale", "attributes", "guidelines", "disagreement", "answered_at",
]  # fmt: skip
READ = (
    "pair_id", "pair__prompt_id", "pair__prompt__category", "annotator_id", "judgment__outcome",
    "judgment__preference", "judgment__skip_reason", "left", "judgment__duration_ms", "judgment__rationale",
    "judgment__attributes", "guideline__number", "campaign_pair__disagreement", "answered_at",
)  # fmt: skip


def answer_lines(answers: QuerySet[Assignment], names: Mapping[int, str]) -> Iterator[str]:
    """A header, then a line for each answer, read from the database as they are sent."""
    rows = answers.values_list(*READ).iterator(chunk_size=2000)
    return csv_lines(COLUMNS, (cells(row, names) for row in rows))


def cells(row: tuple[Any, ...], names: Mapping[int, str]) -> list[Any]:
    (pair, prompt, category, person, outcome, preference, reason, left, took, rationale, attributes,
     guideline, apart, at) = row  # fmt: skip
    return [
        pair, prompt, category, names.get(person, ""), answer_words(outcome, preference, reason), outcome,
        preference, left, None if took is None else took / 1000, rationale,
        json.dumps(attributes, ensure_ascii=False) if attributes else "", guideline, apart, at.isoformat(),
    ]  # fmt: skip
