"""Votes in the Chatbot Arena (33k, 55k, 140k) and on MT-Bench, whose files are of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    DatasetFormat,
    Outcome,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError

WINNERS: Mapping[str, tuple[Outcome, int | None]] = {
    "model_a": ("preferred", BETTER),
    "model_b": ("preferred", -BETTER),
    "tie": ("tie", None),
    "tie (bothbad)": ("both_bad", None),
    "both_bad": ("both_bad", None),
    "tie (inconsistent)": ("tie", None),  # MT-Bench: the judge changed its mind with the order
}
OWN_CONTEXT = (
    "The models' earlier answers differ, so their last answers answer different dialogues and make no pair"
)
DIALOGUES = ("model_a", "model_b", "winner", "conversation_a", "conversation_b")
OF_PROMPT = ("question_id", "id", "is_code", "language")
# 140k repeats both dialogues as one.
OF_VOTE = ("judge", "tstamp", "timestamp", "full_conversation")
OF_55K = (
    "id", "prompt", "response_a", "response_b", "model_a", "model_b",
    "winner_model_a", "winner_model_b", "winner_tie",
)  # fmt: skip
OF_MT_BENCH = ("question_id", "judge", "turn")
VOTES = Rated("users (Chatbot Arena)")


def two_dialogues(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str, str]:
    """The shared prompt and both last answers. In a battle of several turns each model goes on from its own
    earlier answers: then there is no shared prompt."""
    prompt, first = fields.split_last(a, "conversation_a")
    other, second = fields.split_last(b, "conversation_b")
    if prompt != other:
        raise RowError(OWN_CONTEXT)
    fields.two_texts(first, second)
    return prompt, first, second


def winner(row: Row) -> tuple[Outcome, int | None]:
    said = row.get("winner")
    if not isinstance(said, str) or said not in WINNERS:
        raise RowError(f"The winner is {said!r}; known are {', '.join(WINNERS)}")
    return WINNERS[said]


def read_dialogues(row: Row) -> PreferenceRecord:
    """33k and 140k. A user's label is kept where the file has one (`judge`, in 33k)."""
    dialogues = (fields.turns(row.get(name), name) for name in ("conversation_a", "conversation_b"))
    prompt, first, second = two_dialogues(*map(_plain_turns, dialogues))
    name = fields.label(row, "judge")
    comparison = Comparison(
        0,
        1,
        Rated(f"{name} (Chatbot Arena)") if name else VOTES,
        *winner(row),
        created_at=fields.moment(row.get("tstamp", row.get("timestamp"))),
        columns=fields.others(row, (*DIALOGUES, *OF_PROMPT, *OF_VOTE)),
    )
    answers = (Answer(first, fields.text(row, "model_a")), Answer(second, fields.text(row, "model_b")))
    text = PromptText(
        prompt,
        language=fields.label(row, "language")[:16],
        metadata={name: row[name] for name in OF_PROMPT if name in row and name != "language"},
    )
    return PreferenceRecord(text, answers, (comparison,))


def _plain_turns(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """140k writes every text as a list of one part; as a text it is the same prompt as elsewhere."""
    return [turn | {"content": _plain_content(turn["content"])} for turn in turns]


def _plain_content(content: Any) -> Any:
    if isinstance(content, list) and len(content) == 1 and content[0]["type"] == "text":
        return content[0]["text"]
    return content


def read_55k(row: Row) -> PreferenceRecord:
    """Prompt and responses are lists of texts, one a turn, as JSON; the winner is one of three flags."""
    texts = [fields.as_list(row.get(name), name) for name in ("prompt", "response_a", "response_b")]
    prompts, first, second = texts
    if not len(prompts) == len(first) == len(second) > 0:
        raise RowError("Prompt and responses have different numbers of turns")
    a, b = (
        [
            {"role": role, "content": content}
            for turn in zip(prompts, said, strict=True)
            for role, content in zip(("user", "assistant"), turn, strict=True)
        ]
        for said in (first, second)
    )
    if not all(isinstance(turn["content"], str) for turn in [*a, *b]):
        raise RowError("A turn is missing: one of the models gave no answer")
    prompt, one, other = two_dialogues(fields.turns(a, "response_a"), fields.turns(b, "response_b"))
    answers = (Answer(one, fields.text(row, "model_a")), Answer(other, fields.text(row, "model_b")))
    metadata = {"id": row["id"]} if "id" in row else {}
    comparison = Comparison(0, 1, VOTES, *_flagged(row), columns=fields.others(row, OF_55K))
    return PreferenceRecord(PromptText(prompt, metadata=metadata), answers, (comparison,))


def _flagged(row: Row) -> tuple[Outcome, int | None]:
    flags = {
        name: fields.whole(row.get(f"winner_{name}"), f"winner_{name}", 0, 1)
        for name in ("model_a", "model_b", "tie")
    }
    set_flags = [name for name, flag in flags.items() if flag]
    if len(set_flags) != 1:
        raise RowError("Exactly one of winner_model_a, winner_model_b and winner_tie must be 1")
    return WINNERS[set_flags[0]]


def read_mt_bench(row: Row) -> PreferenceRecord:
    """A vote on one turn. Both turns stand in the dialogues, so they are cut after the turn voted on."""
    turn = fields.whole(row.get("turn"), "The turn", 1, 2)
    a, b = (fields.turns(row.get(name), name)[: 2 * turn] for name in ("conversation_a", "conversation_b"))
    prompt, first, second = two_dialogues(a, b)
    name = fields.text(row, "judge")
    rater = Rated(f"{name} (MT-Bench)", "judge" if name.startswith("gpt") else "person")
    answers = (Answer(first, fields.text(row, "model_a")), Answer(second, fields.text(row, "model_b")))
    text = PromptText(prompt, metadata={"question_id": row.get("question_id"), "turn": turn})
    columns = fields.others(row, (*DIALOGUES, *OF_MT_BENCH))
    return PreferenceRecord(text, answers, (Comparison(0, 1, rater, *winner(row), columns=columns),))


def _is_dialogues(row: Row) -> bool:
    return fields.has(row, *DIALOGUES)


SKY = [{"role": "user", "content": "Why is the sky blue?"}]
BATTLE = {
    "model_a": "vicuna-13b",
    "model_b": "alpaca-13b",
    "winner": "model_a",
    "conversation_a": [*SKY, {"role": "assistant", "content": "Air scatters blue light most."}],
    "conversation_b": [*SKY, {"role": "assistant", "content": "It mirrors the sea."}],
}
SEVERAL = "Battles of several turns in which the earlier answers differ are reported: they make no pair."

FORMATS = (
    DatasetFormat(
        name="mt-bench",
        label="MT-Bench votes",
        source="lmsys/mt_bench_human_judgments, dataset card",
        dataset="MT-Bench",
        licence="CC-BY-4.0",
        split="eval",
        help="Needs the dialogues beside the votes. Votes on a second turn land only where both models gave "
        "the same first answer. A test set: its prompts go to the split eval.",
        example={"question_id": 81, **BATTLE, "judge": "expert_1", "turn": 1},
        recognises=lambda row: (
            fields.has(row, "question_id", "model_a", "model_b", "winner", "judge", "turn")
            and "tstamp" not in row
        ),
        read=fields.one(read_mt_bench),
    ),
    DatasetFormat(
        name="arena-33k",
        label="Chatbot Arena 33k",
        source="lmsys/chatbot_arena_conversations, dataset card",
        dataset="Chatbot Arena 33k",
        licence="prompts CC-BY-4.0, answers CC-BY-NC-4.0",
        help=f"“tie (bothbad)” is both bad. {SEVERAL}",
        example={
            "question_id": "58210e39",
            **BATTLE,
            "judge": "arena_user_973",
            "turn": 1,
            "anony": True,
            "language": "English",
            "tstamp": 1682351591.0,
        },
        recognises=lambda row: _is_dialogues(row) and "judge" in row and "tstamp" in row,
        read=fields.one(read_dialogues),
    ),
    DatasetFormat(
        name="arena-55k",
        label="Chatbot Arena 55k",
        source="lmarena-ai/arena-human-preference-55k (CSV)",
        dataset="Chatbot Arena 55k",
        licence="Apache-2.0",
        help=f"Prompts and responses are JSON lists, one text a turn. {SEVERAL}",
        example={
            "id": "30192",
            "model_a": "gpt-4-1106-preview",
            "model_b": "gpt-4-0613",
            "prompt": '["Why is the sky blue?"]',
            "response_a": '["Air scatters blue light most."]',
            "response_b": '["It mirrors the sea."]',
            "winner_model_a": "1",
            "winner_model_b": "0",
            "winner_tie": "0",
        },
        recognises=lambda row: fields.has(row, "winner_model_a", "winner_model_b", "winner_tie"),
        read=fields.one(read_55k),
    ),
    DatasetFormat(
        name="arena-140k",
        label="Chatbot Arena 140k",
        source="lmarena-ai/arena-human-preference-140k, dataset card",
        dataset="Chatbot Arena 140k",
        help=f"Contents are lists of parts; answers with images are reported. {SEVERAL}",
        example={
            "id": "0a1b",
            "evaluation_session_id": "9f2c",
            "evaluation_order": 1,
            **BATTLE,
            "language": "en",
            "is_code": False,
        },
        recognises=lambda row: _is_dialogues(row) and "evaluation_session_id" in row,
        read=fields.one(read_dialogues),
    ),
)
