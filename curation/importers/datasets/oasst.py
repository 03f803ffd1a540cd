"""Open-Assistant's message trees: every set of ranked replies is a prompt with its responses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
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
from curation.services.prompt_parse import RowError, conversation

RANKERS = Rated("rankers (Open-Assistant)")
ROLES = {"prompter": "user", "assistant": "assistant"}
MAX_RANK = 1000
OF_MESSAGE = ("role", "text", "replies", "lang", "deleted")
Message = dict[str, Any]


def read(row: Row) -> list[PreferenceRecord]:
    """One record for each prompter's message with two or more ranked replies; rank 0 is the best."""
    root = row.get("prompt")
    if not isinstance(root, dict):
        raise RowError("The field “prompt” is not a message with replies")
    tree = fields.others(row, ("prompt",))
    records = [_record(path, node, ranked, tree) for path, node, ranked in ranked_replies(root)]
    if not records:
        raise RowError("Nobody ranked two replies to the same message in this tree")
    return records


def ranked_replies(root: Message) -> Iterator[tuple[list[Message], Message, list[Message]]]:
    """The turns up to and with a prompter's, its message, and the replies to it that have a rank."""
    waiting = [(root, [_turn(root)])]
    while waiting:
        node, path = waiting.pop()
        replies = [
            reply
            for reply in fields.as_list(node.get("replies") or [], "The field “replies”")
            if isinstance(reply, dict) and not reply.get("deleted")
        ]
        ranked = [reply for reply in replies if reply.get("rank") is not None]
        if path[-1]["role"] == "user" and len(ranked) > 1:
            yield path, node, ranked
        waiting.extend((reply, [*path, _turn(reply)]) for reply in reversed(replies))


def _turn(node: dict[str, Any]) -> dict[str, Any]:
    role = node.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise RowError(f"A message has the unknown role {str(role)[:40]!r}; known are {', '.join(ROLES)}")
    return {"role": ROLES[role], "content": fields.text(node, "text")}


def _record(
    path: list[Message], node: Message, ranked: list[Message], tree: dict[str, Any]
) -> PreferenceRecord:
    """Labels, events and the like stay with the message they are on."""
    ranks = {reply["text"]: fields.whole(reply["rank"], "A rank", 0, MAX_RANK) for reply in ranked}
    models = {reply["text"]: fields.label(reply, "model_name") or _author(reply) for reply in ranked}
    about = {reply["text"]: fields.rest(reply, (*OF_MESSAGE, "rank", "model_name")) for reply in ranked}
    answers = fields.by_hash([Answer(text, models[text], about[text]) for text in ranks])
    comparisons = tuple(
        _compared(first, second, ranks[answers[first].text], ranks[answers[second].text])
        for first, second in combinations(range(len(answers)), 2)
    )
    prompt = PromptText(
        conversation(path),
        language=fields.label(ranked[0], "lang")[:16],
        metadata={
            "message_id": ranked[0].get("parent_id"),
            **tree,
            **fields.rest(node, OF_MESSAGE),
        },
    )
    return PreferenceRecord(prompt, tuple(answers), comparisons)


def _author(reply: dict[str, Any]) -> str:
    return "" if reply.get("synthetic") else "volunteers (Open-Assistant)"


def _compared(first: int, second: int, rank: int, other: int) -> Comparison:
    outcome, preference = fields.towards(other - rank)
    return Comparison(first, second, RANKERS, outcome, preference, each={"rank": (rank, other)})


def _message(role: str, text: str, replies: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"role": role, "text": text, "lang": "en", **more, "replies": replies}


FORMATS = (
    DatasetFormat(
        name="oasst-trees",
        label="Open-Assistant trees",
        source="OpenAssistant/oasst1 and oasst2, trees.jsonl; oasst-data/schemas.py",
        dataset="Open-Assistant",
        licence="Apache-2.0",
        help="Each message of a prompter with ranked replies becomes a prompt, with the dialogue before it; "
        "rank 0 is the best, and every two ranked replies become a pair. Deleted and unranked replies make "
        "none. A tree without two ranked replies is reported.",
        example={
            "message_tree_id": "9f2c",
            "tree_state": "ready_for_export",
            "prompt": _message(
                "prompter",
                "Why is the sky blue?",
                [
                    _message("assistant", "It mirrors the sea.", [], rank=1),
                    _message("assistant", "Air scatters blue light most.", [], rank=0),
                ],
            ),
        },
        recognises=lambda row: fields.has(row, "message_tree_id", "prompt"),
        read=read,
    ),
)
