"""NVIDIA's HelpSteer2: ratings and preference."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import conversation

ATTRIBUTES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
REASONS = ("preference_statement", "preference_elaboration")
ANNOTATORS = Rated("annotators (HelpSteer2)")
TURN = re.compile(r"<extra_id_1>\s*(User|Assistant|System)?[ \t]*\n")
ROLES = {"User": "user", "Assistant": "assistant", "System": "system"}


def prompt_turns(prompt: str) -> list[dict[str, Any]]:
    """A prompt whose later turns begin with `<extra_id_1>` and a name; the first is the user's."""
    first, *rest = TURN.split(prompt)
    turns = [{"role": "user", "content": first.strip()}]
    for name, content in zip(rest[0::2], rest[1::2], strict=True):
        other = "assistant" if turns[-1]["role"] == "user" else "user"
        turns.append({"role": ROLES.get(name or "", other), "content": content.strip()})
    if len(turns) > 1 and turns[-1] == {"role": "assistant", "content": ""}:
        turns.pop()
    return conversation(turns)


def read_ratings(row: Row) -> PreferenceRecord:
    """One response with its five ratings; `join_ratings` compares it with the next row's."""
    ratings = {name: fields.whole(row.get(name), f"The {name}", 0, 4) for name in ATTRIBUTES}
    prompt = prompt_turns(fields.text(row, "prompt"))
    metadata = {"ratings": ratings, **fields.others(row, ("prompt", "response", *ATTRIBUTES))}
    return PreferenceRecord(PromptText(prompt), (Answer(fields.text(row, "response"), metadata=metadata),))


def join_ratings(one: PreferenceRecord, other: PreferenceRecord) -> PreferenceRecord:
    """Two consecutive rows of a prompt: the difference in helpfulness is the strength, at most 3."""
    first, second = one.answers[0], other.answers[0]
    fields.two_texts(first.text, second.text)
    ratings = {
        name: (first.metadata["ratings"][name], second.metadata["ratings"][name]) for name in ATTRIBUTES
    }
    better, worse = ratings["helpfulness"]
    outcome, preference = fields.strength(max(-3, min(3, better - worse)))
    comparison = Comparison(0, 1, ANNOTATORS, outcome, preference, ratings=ratings)
    return replace(one, answers=(first, second), comparisons=(comparison,))


def read_preference2(row: Row) -> PreferenceRecord:
    """`preference_strength` is positive where response 2 is better."""
    one, two = fields.text(row, "response_1"), fields.text(row, "response_2")
    fields.two_texts(one, two)
    outcome, preference = fields.strength(
        -fields.whole(row.get("preference_strength"), "preference_strength", -3, 3)
    )
    rationale = "\n\n".join(filter(None, (fields.label(row, name) for name in REASONS)))
    used = ("prompt", "response_1", "response_2", "preference_strength", *REASONS)
    columns = fields.others(row, used)
    comparison = Comparison(0, 1, ANNOTATORS, outcome, preference, rationale=rationale, columns=columns)
    prompt = PromptText(prompt_turns(fields.text(row, "prompt")))
    return PreferenceRecord(prompt, (Answer(one), Answer(two)), (comparison,))


SKY = "Why is the sky blue?"
ANSWERS = ("Air scatters blue light most.", "It mirrors the sea.")

FORMATS = (
    DatasetFormat(
        name="helpsteer2",
        label="HelpSteer2 ratings",
        source="nvidia/HelpSteer2, dataset card; arXiv 2406.08673",
        dataset="HelpSteer2",
        licence="CC-BY-4.0",
        help="Two consecutive rows share a prompt and become a pair. It is preferred by the difference in "
        "helpfulness, at most 3; none is a tie. All five ratings are kept. A row without a partner lands as "
        "a response.",
        example={
            "prompt": SKY,
            "response": ANSWERS[0],
            **dict(zip(ATTRIBUTES, (4, 4, 4, 2, 1), strict=True)),
        },
        recognises=lambda row: fields.has(row, "prompt", "response", *ATTRIBUTES),
        read=fields.one(read_ratings),
        joins=join_ratings,
    ),
    DatasetFormat(
        name="helpsteer2-preference",
        label="HelpSteer2-Preference",
        source="nvidia/HelpSteer2, preference; arXiv 2410.01257",
        dataset="HelpSteer2-Preference",
        licence="CC-BY-4.0",
        help="A positive strength says that response 2 is better; statement and elaboration are the reason. "
        "The single preferences of annotators are kept with the judgment; they make none of their own. "
        "Rows of the split val go to the split eval.",
        example={
            "split": "train",
            "prompt": SKY,
            "response_1": ANSWERS[0],
            "response_2": ANSWERS[1],
            "preference_strength": -2,
            "preference_statement": "Response 1 is much better than response 2.",
            "preference_elaboration": "It names the cause.",
        },
        recognises=lambda row: fields.has(row, "response_1", "response_2", "preference_strength"),
        read=fields.one(read_preference2),
    ),
)
