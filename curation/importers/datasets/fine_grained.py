"""Fine-Grained RLHF: four answers, preferences among them, and marked errors in the first."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError

ANNOTATORS = Rated("annotators (Fine-Grained RLHF)")
PREDICTIONS = tuple(f"prediction {number}" for number in range(1, 5))
PAIRS = tuple(combinations(range(4), 2))  # 1 and 2, 1 and 3, 1 and 4, 2 and 3, 2 and 4, 3 and 4
PREFERENCES = {0: 0, 1: BETTER, 2: -BETTER}
# Their names for errors, and those of the task form here.
ERROR_TYPES = {
    "Irrelevant": "irrelevant",
    "Redundant": "repetition",
    "Incoherent": "incoherent",
    "Wrong-Grounding": "factual",
    "Unverifiable": "unverifiable",
}


def read(row: Row) -> PreferenceRecord:
    """The marks are about the first answer, so they stand with its first comparison."""
    texts = [fields.text(row, name) for name in PREDICTIONS]
    said = fields.as_list(row.get("preference"), "The field “preference”")
    if len(said) != len(PAIRS):
        raise RowError(f"The row has {len(said)} preferences; four answers make {len(PAIRS)} pairs")
    given = row.get("feedback")
    feedback = None if given in (None, "") else fields.as_object(given, "The field “feedback”")
    marks = None if feedback is None else _marks(feedback, texts[0])
    comparisons = []
    for place, ((first, second), value) in enumerate(zip(PAIRS, said, strict=True)):
        outcome, preference = fields.strength(PREFERENCES[fields.whole(value, "A preference", 0, 2)])
        shown = (marks if place == 0 else None, None)
        comparisons.append(Comparison(first, second, ANNOTATORS, outcome, preference, marks=shown))
    answers = [Answer(text) for text in texts]
    if feedback is not None:
        answers[0] = Answer(texts[0], metadata={"feedback": feedback})
    metadata = fields.others(row, (*PREDICTIONS, "question", "passages", "preference", "feedback"))
    prompt = PromptText(_prompt(row), metadata=metadata)
    return PreferenceRecord(prompt, tuple(answers), tuple(comparisons))


def _prompt(row: Row) -> list[dict[str, Any]]:
    """The passages that the answers are to rest on, then the question."""
    passages = fields.as_list(row.get("passages") or [], "The field “passages”")
    blocks = [" ".join(map(str, fields.as_list(passage, "A passage"))) for passage in passages]
    return fields.user_turn("\n\n".join([*blocks, fields.text(row, "question")]))


def _marks(feedback: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
    found = []
    for error in fields.as_list(feedback.get("errors") or [], "The errors"):
        if not isinstance(error, dict):
            raise RowError("An error is not an object")
        start = fields.whole(error.get("start"), "The start of a mark", 0, len(text))
        end = fields.whole(error.get("end"), "The end of a mark", 0, len(text))
        if start >= end:
            raise RowError(f"A mark runs from {start} to {end} and holds no text")
        kind = str(error.get("error type"))
        found.append(
            {
                "start": start,
                "end": end,
                "type": ERROR_TYPES.get(kind, kind),
                "severity": 1,
                "text": text[start:end],
            }
        )
    return sorted(found, key=lambda mark: (mark["start"], mark["end"]))


FORMATS = (
    DatasetFormat(
        name="fine-grained-rlhf",
        label="Fine-Grained RLHF feedback",
        source="allenai/FineGrainedRLHF, tasks/qa_feedback/data/README.md; arXiv 2306.01693",
        dataset="Fine-Grained RLHF",
        licence="Apache-2.0",
        help="Four answers and the preferences over their six pairs. Marked errors of the first answer are "
        "kept with its first pair; missing information and the corrected answer with the response.",
        example={
            "question": "Why is the sky blue?",
            "passages": [["Sky", "Air scatters blue light most."]],
            "prediction 1": "It mirrors the sea.",
            "prediction 2": "Air scatters blue light most.",
            "prediction 3": "Nobody knows.",
            "prediction 4": "Because of oxygen.",
            "feedback": {
                "errors": [{"error type": "Wrong-Grounding", "start": 3, "end": 18, "explanation": ""}],
                "missing-info": [],
                "corrected-prediction": "Air scatters blue light most.",
            },
            "preference": [2, 1, 0, 1, 1, 0],
        },
        recognises=lambda row: fields.has(row, "question", "prediction 1", "prediction 4", "preference"),
        read=fields.one(read),
    ),
)
