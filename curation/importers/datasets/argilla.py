"""Argilla's exports: records of version 2 as JSON or flat, and feedback datasets of version 1.

Source: argilla-io/argilla, `records/_io/_generic.py` and the docs of `FeedbackDataset`. Questions of the
kinds label and ranking compare; ratings and texts are kept with the judgment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from curation.importers.datasets import fields, tasks
from curation.importers.datasets.record import DatasetFormat, PreferenceRecord, Rated, Row
from curation.importers.datasets.tasks import Given, Task
from curation.services.prompt_parse import RowError

RESPONSES = ".responses"
OWN = ("id", "status", "_server_id", "external_id", "metadata", "vectors", "inserted_at", "updated_at")
NESTED = ("fields", "responses", "suggestions")
RATIONALES = ("rationale", "reason", "comment", "why", "explanation", "feedback", "critique")
SUBMITTED, DISCARDED = ("submitted", ""), "discarded"

# A question, a user, what was answered, and whether it was submitted, discarded or left as a draft.
Reply = tuple[str, str, Any, str]


def read(row: Row) -> PreferenceRecord:
    columns, replies = _parts(row)
    metadata = _metadata(row.get("metadata"))
    if isinstance(row.get("fields"), Mapping):
        metadata |= fields.others(row, (*OWN, *NESTED))
    if row.get("external_id") or row.get("id"):
        metadata["record"] = row.get("external_id") or row.get("id")
    task = tasks.task_of(columns, metadata)
    people: dict[str, Given] = {}
    for question, user, value, status in replies:
        if status not in {*SUBMITTED, DISCARDED}:
            continue
        rater = Rated(f"user {user} (Argilla)" if user else "users (Argilla)")
        given = people.setdefault(user, Given(rater))
        if status == DISCARDED:
            given.is_skip = True
        elif value is not None:
            _take(given, question, value, task)
    return tasks.record(task, list(people.values()))


def _parts(row: Row) -> tuple[dict[str, Any], list[Reply]]:
    """The columns of fields, and every reply, whichever of the three shapes the record has."""
    nested = row.get("fields")
    if isinstance(nested, Mapping):
        responses = row.get("responses") or {}
        if not isinstance(responses, Mapping):
            raise RowError("The responses are not by question")
        return dict(nested), [reply for name, said in responses.items() for reply in _replies(name, said)]
    flat = [name.removesuffix(RESPONSES) for name in row if name.endswith(RESPONSES)]
    asked = flat or [name for name, value in row.items() if _is_version_1(value)]
    columns = {
        name: value
        for name, value in row.items()
        if name not in OWN
        and name not in asked
        and not any(name.startswith((f"{question}.", f"{question}-suggestion")) for question in asked)
    }
    if flat:
        return columns, [reply for name in flat for reply in _flat_replies(row, name)]
    return columns, [reply for name in asked for reply in _replies(name, row[name])]


def _is_version_1(value: Any) -> bool:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        value = value[0]
    return isinstance(value, Mapping) and {"user_id", "value", "status"} <= value.keys()


def _replies(question: str, said: Any) -> Iterator[Reply]:
    """A list of replies; `datasets` turns it into an object of lists."""
    if isinstance(said, Mapping):
        values = fields.as_list(said.get("value") or [], f"The values of “{question}”")
        users = _column(said.get("user_id"), len(values), question)
        states = _column(said.get("status"), len(values), question)
        for value, user, status in zip(values, users, states, strict=True):
            yield question, _name(user), value, str(status or "")
        return
    for one in fields.as_list(said or [], f"The replies to “{question}”"):
        if not isinstance(one, Mapping):
            raise RowError(f"A reply to “{question}” is not an object")
        yield question, _name(one.get("user_id")), one.get("value"), str(one.get("status") or "")


def _flat_replies(row: Row, question: str) -> Iterator[Reply]:
    values = fields.as_list(row.get(f"{question}{RESPONSES}") or [], f"The responses to “{question}”")
    users = _column(row.get(f"{question}{RESPONSES}.users"), len(values), question)
    states = _column(row.get(f"{question}{RESPONSES}.status"), len(values), question)
    for value, user, status in zip(values, users, states, strict=True):
        yield question, _name(user), value, str(status or "")


def _column(value: Any, n: int, question: str) -> list[Any]:
    found = [None] * n if value is None else fields.as_list(value, f"A column of “{question}”")
    if len(found) != n:
        raise RowError(f"“{question}” has {n} responses and {len(found)} users or states")
    return found


def _name(user: Any) -> str:
    return str(user) if isinstance(user, str | int) and not isinstance(user, bool) else ""


def _metadata(value: Any) -> dict[str, Any]:
    """Version 1 writes it as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value or "{}")
        except (ValueError, RecursionError) as error:
            raise RowError("The metadata is a text that is not valid JSON") from error
    return dict(value) if isinstance(value, Mapping) else {}


def _take(given: Given, question: str, value: Any, task: Task) -> None:
    ranks = _ranks(value)
    if ranks:
        given.compared[question] = tasks.ranking(ranks, task)
    elif isinstance(value, str) and (chosen := tasks.choice(value, task)):
        given.compared[question] = chosen
    elif isinstance(value, str) and tasks.plain(question) in RATIONALES:
        given.rationale = value
    else:
        given.more[question] = value


def _ranks(value: Any) -> dict[str, int]:
    """A ranking by name: as names in order, as objects with a rank, or as an object of two lists."""
    if isinstance(value, Mapping) and {"rank", "value"} <= value.keys():
        names = fields.as_list(value["value"], "The ranking")
        value = [
            {"value": name, "rank": rank}
            for name, rank in zip(names, _column(value["rank"], len(names), "rank"), strict=True)
        ]
    if not isinstance(value, list) or len(value) < 2:
        return {}
    if all(isinstance(one, Mapping) and isinstance(one.get("value"), str) for one in value):
        return {
            one["value"]: fields.whole(one.get("rank"), "A rank", 1, 1000)
            for one in value
            if one.get("rank") is not None
        }
    return {name: rank for rank, name in enumerate(value, start=1)} if _is_names(value) else {}


def _is_names(value: list[Any]) -> bool:
    """A ranking names every response of a task; a multi-label answer names anything."""
    return all(isinstance(one, str) and tasks.NUMBERED.fullmatch(tasks.plain(one)) for one in value)


def _is_nested(row: Row) -> bool:
    return isinstance(row.get("fields"), Mapping) and fields.has(row, "suggestions", "responses")


def _is_flat(row: Row) -> bool:
    return any(name.endswith(".responses.users") for name in row)


def _is_old(row: Row) -> bool:
    return any(_is_version_1(value) for value in row.values())


PROMPT, RIGHT, WRONG = "Why is the sky blue?", "Air scatters blue light most.", "It mirrors the sea."
USER = "9a3f6a0e"
NAMES = (
    "The responses are the fields named response, answer, text and so on with a number or letter. The first "
    "question that chooses or ranks is the judgment, others are kept as attributes, replies that were "
    "discarded are skips, drafts do not count. Users keep their ids."
)

FORMATS = (
    DatasetFormat(
        name="argilla",
        label="Argilla 2, records as JSON",
        source="argilla-io/argilla, records/_io",
        help=f"As written by records.to_json. {NAMES}",
        example={
            "id": "r1",
            "fields": {"prompt": PROMPT, "response1": RIGHT, "response2": WRONG},
            "metadata": {"topic": "sky"},
            "suggestions": {},
            "responses": {
                "preference": [{"value": "response1", "user_id": USER}],
                "rationale": [{"value": "It names the cause.", "user_id": USER}],
            },
            "vectors": {},
        },
        recognises=_is_nested,
        read=fields.one(read),
    ),
    DatasetFormat(
        name="argilla-flat",
        label="Argilla 2, flat records",
        source="argilla-io/argilla, records/_io",
        help=f"As written by records.to_datasets, and on the Hub. {NAMES}",
        example={
            "id": "r1",
            "status": "completed",
            "_server_id": "5f0c",
            "prompt": PROMPT,
            "response-1": RIGHT,
            "response-2": WRONG,
            "ranking.responses": [["response-1", "response-2"]],
            "ranking.responses.users": [USER],
            "ranking.responses.status": ["submitted"],
            "ranking.suggestion": None,
        },
        recognises=_is_flat,
        read=fields.one(read),
    ),
    DatasetFormat(
        name="argilla-1",
        label="Argilla 1, feedback dataset",
        source="argilla-io/argilla 1.x, FeedbackDataset.format_as",
        help=f"Each question is a column of replies. {NAMES}",
        example={
            "prompt": PROMPT,
            "response-1": RIGHT,
            "response-2": WRONG,
            "preference": [
                {
                    "user_id": USER,
                    "value": [{"rank": 1, "value": "response-1"}, {"rank": 2, "value": "response-2"}],
                    "status": "submitted",
                }
            ],
            "preference-suggestion": None,
            "external_id": "r1",
            "metadata": '{"topic": "sky"}',
        },
        recognises=_is_old,
        read=fields.one(read),
    ),
)
