"""UltraFeedback, as rated by GPT-4 and as binarized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.importers.datasets import fields, trl
from curation.importers.datasets.record import (
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError

GPT4 = Rated("GPT-4 (UltraFeedback)", "judge")
ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")


def read_raw(row: Row) -> PreferenceRecord:
    """Every two completions, compared by the mean of their aspect ratings.

    `overall_score` is left alone: 2,628 of them were wrong before the card's correction of 2023-12-29.
    """
    completions = fields.as_list(row.get("completions"), "The field “completions”")
    if len(completions) < 2:
        raise RowError("The row has fewer than two completions")
    answers, rated = [], []
    for number, completion in enumerate(completions, start=1):
        if not isinstance(completion, dict):
            raise RowError(f"Completion {number} is not an object")
        ratings = aspect_ratings(completion.get("annotations"), number)
        rated.append(ratings)
        text, model = fields.text(completion, "response"), fields.label(completion, "model")
        # Annotations with their rationales, critique, principle and the scores that nothing is made of.
        metadata = {"ratings": ratings, **fields.rest(completion, ("response", "model"))}
        answers.append(Answer(text, model, metadata))
    comparisons = tuple(
        _compared(first, second, rated)
        for first in range(len(answers))
        for second in range(first + 1, len(answers))
        if rated[first] and rated[second]
    )
    if not comparisons:
        raise RowError("Fewer than two completions have ratings, so there is nothing to compare")
    used = ("instruction", "completions", "models", "source")
    prompt = PromptText(
        fields.user_turn(fields.text(row, "instruction")),
        category=fields.label(row, "source"),
        metadata=fields.others(row, used),
    )
    return PreferenceRecord(prompt, tuple(answers), comparisons)


def aspect_ratings(annotations: Any, number: int) -> dict[str, float]:
    """The ratings of one completion by aspect. They are texts in the file; “N/A” is no rating."""
    if not isinstance(annotations, Mapping):
        return {}
    found = {}
    for name, annotation in annotations.items():
        rating = annotation.get("Rating") if isinstance(annotation, Mapping) else None
        aspect = name.replace("-", "_")  # TRL's option spells it with a hyphen
        if aspect in ASPECTS and rating not in (None, "N/A"):
            found[aspect] = fields.number(rating, f"The {aspect} of completion {number}")
    return found


def _compared(first: int, second: int, rated: list[dict[str, float]]) -> Comparison:
    """By the mean over the aspects that both have."""
    shared = [aspect for aspect in ASPECTS if aspect in rated[first] and aspect in rated[second]]
    difference = sum(rated[first][aspect] - rated[second][aspect] for aspect in shared)
    outcome, preference = fields.towards(difference)
    ratings = {aspect: (rated[first][aspect], rated[second][aspect]) for aspect in shared}
    return Comparison(first, second, GPT4, outcome, preference, ratings=ratings)


def read_binarized(row: Row) -> PreferenceRecord:
    return trl.read_pair(row, GPT4)


def _rating(value: str) -> dict[str, Any]:
    return {aspect: {"Rating": value, "Rationale": "…"} for aspect in ASPECTS}


FORMATS = (
    DatasetFormat(
        name="ultrafeedback",
        label="UltraFeedback",
        source="openbmb/UltraFeedback, dataset card",
        dataset="UltraFeedback",
        licence="MIT",
        help="Every two of the completions are compared by the mean of the aspect ratings that both have; "
        "equal means are a tie. The overall score is not used; it is kept with the response, as rationales, "
        "critique and principle are.",
        example={
            "source": "sharegpt",
            "instruction": "Why is the sky blue?",
            "models": ["gpt-4", "alpaca-7b"],
            "completions": [
                {
                    "model": "gpt-4",
                    "response": "Air scatters blue light most.",
                    "annotations": _rating("5"),
                },
                {"model": "alpaca-7b", "response": "It mirrors the sea.", "annotations": _rating("2")},
            ],
        },
        recognises=lambda row: fields.has(row, "instruction", "completions"),
        read=fields.one(read_raw),
    ),
    DatasetFormat(
        name="ultrafeedback-binarized",
        label="UltraFeedback binarized",
        source="HuggingFaceH4/ultrafeedback_binarized, dataset card",
        dataset="UltraFeedback binarized",
        licence="MIT",
        help="The prompt stands in the dialogues and in a column of its own; it is taken once. Both scores "
        "are kept with the judgment. Import the splits whose names end in _prefs.",
        example={
            "prompt": "Why is the sky blue?",
            "prompt_id": "9f2c",
            "chosen": [trl.SKY, trl.GOOD],
            "rejected": [trl.SKY, trl.BAD],
            "messages": [trl.SKY, trl.GOOD],
            "score_chosen": 8.5,
            "score_rejected": 4.0,
        },
        recognises=lambda row: fields.has(row, "chosen", "rejected", "score_chosen", "score_rejected"),
        read=fields.one(read_binarized),
    ),
)
