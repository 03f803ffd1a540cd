"""The Human/Assistant text form: hh-rlhf, and Nectar, which took it over."""

from __future__ import annotations

import re
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
from curation.services.prompt_parse import RowError, conversation

START = "\n\nHuman:"
TURN = re.compile(r"\n\n(Human|Assistant):")
ROLES = {"Human": "user", "Assistant": "assistant"}
COUNTS = ("num_responses", "num_response", "turns")  # what the row shows by itself
CROWD = Rated("crowd (hh-rlhf)")
RANKER = Rated("GPT-4 (Nectar)", "judge")


def dialogue(text: str, what: str) -> list[dict[str, Any]]:
    """The turns of a text of `\\n\\nHuman: …\\n\\nAssistant: …`, without outer white space."""
    if not text.lstrip().startswith("Human:"):
        raise RowError(f"{what} does not begin with “Human:”")
    _, *pieces = TURN.split("\n\n" + text.lstrip())
    return [
        {"role": ROLES[name], "content": content.strip()}
        for name, content in zip(pieces[0::2], pieces[1::2], strict=True)
    ]


def split_dialogue(text: str, what: str) -> tuple[list[dict[str, Any]], str]:
    """Prompt and answer, parted at the last Assistant (as open-instruct and TRL's issue 1858 do)."""
    *prompt, last = dialogue(text, what)
    if last["role"] != "assistant":
        raise RowError(f"{what} ends with a turn of the human, not of the assistant")
    if not last["content"]:
        raise RowError(f"{what} ends with an empty answer")
    return prompt, last["content"]


def read_hh(row: Row) -> PreferenceRecord:
    prompt, chosen = split_dialogue(fields.text(row, "chosen"), "The chosen dialogue")
    other, rejected = split_dialogue(fields.text(row, "rejected"), "The rejected dialogue")
    if prompt != other:
        raise RowError("The two dialogues differ before their last answers, so they answer different prompts")
    answers, comparison = fields.preferred_pair(Answer(chosen), Answer(rejected), CROWD)
    metadata = fields.others(row, ("chosen", "rejected"))
    return PreferenceRecord(PromptText(conversation(prompt), metadata=metadata), answers, (comparison,))


def is_hh(row: Row) -> bool:
    said = [row.get("chosen"), row.get("rejected")]
    return all(isinstance(text, str) and text.lstrip().startswith("Human:") for text in said)


def read_nectar(row: Row) -> PreferenceRecord:
    """Every two of the ranked answers; rank 1 is the best (some trainers take the wrong end)."""
    turns = dialogue(fields.text(row, "prompt"), "The prompt")
    if turns[-1] == {"role": "assistant", "content": ""}:
        turns.pop()
    ranked = {}
    for entry in fields.as_list(row.get("answers"), "The field “answers”"):
        answer = _ranked(entry)
        ranked[answer] = fields.whole(entry.get("rank"), "A rank", 1, 100)
    if len(ranked) < 2:
        raise RowError("The row ranks fewer than two answers")
    answers = fields.by_hash([Answer(text, model) for text, model in ranked])
    ranks = [ranked[answer.text, answer.model] for answer in answers]
    comparisons = tuple(
        _compared(first, second, ranks[first], ranks[second])
        for first in range(len(answers))
        for second in range(first + 1, len(answers))
    )
    prompt = PromptText(conversation(turns), metadata=fields.others(row, ("prompt", "answers", *COUNTS)))
    return PreferenceRecord(prompt, tuple(answers), comparisons)


def _ranked(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise RowError("An answer is not an object with answer, model and rank")
    return fields.text(entry, "answer"), fields.label(entry, "model")


def _compared(first: int, second: int, rank: int, other: int) -> Comparison:
    outcome, preference = fields.towards(other - rank)
    return Comparison(first, second, RANKER, outcome, preference, each={"rank": (rank, other)})


FORMATS = (
    DatasetFormat(
        name="hh-rlhf",
        label="hh-rlhf",
        source="Anthropic/hh-rlhf, dataset card",
        dataset="hh-rlhf",
        licence="MIT",
        help="Split at the last Assistant. Rows whose dialogues differ before it, or end without an answer, "
        f"are reported. A preference states no strength, so it lands as better ({BETTER} of 3).",
        example={
            "chosen": f"{START} Why is the sky blue?\n\nAssistant: Air scatters blue light most.",
            "rejected": f"{START} Why is the sky blue?\n\nAssistant: It mirrors the sea.",
        },
        recognises=is_hh,
        read=fields.one(read_hh),
    ),
    DatasetFormat(
        name="nectar",
        label="Nectar",
        source="berkeley-nest/Nectar, dataset card",
        dataset="Nectar",
        help="Seven answers ranked by GPT-4, 1 is the best; every two of them become a pair.",
        example={
            "prompt": f"{START} Why is the sky blue?\n\nAssistant: ",
            "answers": [
                {"answer": "Air scatters blue light most.", "model": "gpt-4", "rank": 1},
                {"answer": "It mirrors the sea.", "model": "llama-2-7b-chat", "rank": 2},
            ],
            "source": ["sharegpt"],
        },
        recognises=lambda row: fields.has(row, "prompt", "answers"),
        read=fields.one(read_nectar),
    ),
)
