"""Label Studio's exports, JSON and JSON-MIN: Pairwise, Choices between two, and Ranker.

Source: Label Studio documentation, “Export annotations”, and the tags Pairwise, Choices, Ranker and List. The
export does not hold the labelling configuration, so the responses are known by the names of their columns:
the first is the left one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from curation.importers.datasets import fields, tasks
from curation.importers.datasets.record import DatasetFormat, PreferenceRecord, Rated, Row
from curation.importers.datasets.tasks import Given, Ranks, Task
from curation.services.prompt_parse import RowError

LISTS = ("answers", "items", "responses", "candidates", "options")
NEUTRAL = "_"  # the list of what was not ranked
# Label Studio's own bookkeeping, and what it or a model proposed.
OWN = (
    "id", "data", "annotations", "predictions", "drafts", "file_upload", "inner_id", "project",
    "created_at", "updated_at", "updated_by", "comment_authors", "comment_count", "unresolved_comment_count",
    "last_comment_updated_at", "total_annotations", "cancelled_annotations", "total_predictions",
)  # fmt: skip
MIN_COLUMNS = ("id", "annotation_id", "annotator", "created_at", "updated_at", "lead_time")


def read(row: Row) -> PreferenceRecord:
    """A task with all its annotations. Predictions are left aside."""
    data = row.get("data")
    if not isinstance(data, Mapping):
        raise RowError("The task has no data")
    task = _task(data, {"task": row.get("id"), **fields.others(row, OWN)})
    annotations = fields.as_list(row.get("annotations"), "The field “annotations”")
    return tasks.record(task, [_given(one, task) for one in annotations])


def read_min(row: Row) -> PreferenceRecord:
    """A task with one annotation, whose answers are columns beside those of the data."""
    answers = {name: value for name, value in row.items() if name not in MIN_COLUMNS}
    task = _task(answers, {"task": row.get("id")})
    given = Given(_rater(row.get("annotator")), created_at=fields.moment(row.get("created_at")))
    for name, value in task.prompt.metadata.items():
        for text in _texts(value):
            if ranks := tasks.choice(text, task):
                given.compared[name] = ranks
    metadata = {name: value for name, value in task.prompt.metadata.items() if name not in given.compared}
    return tasks.record(Task(replace(task.prompt, metadata=metadata), task.answers), [given])


def _texts(value: Any) -> list[str]:
    """A choice as JSON-MIN writes it: a text, or an object that holds one (in CSV as JSON text)."""
    if isinstance(value, str) and value.startswith("{"):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, Mapping):
        value = value.get("selected", value.get("choices"))
    found = value if isinstance(value, list) else [value]
    return [text for text in found if isinstance(text, str)]


def _task(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Task:
    """Responses in columns of their own, or in a list of items, as Ranker has them."""
    for name in LISTS:
        if isinstance(data.get(name), list):
            items = {_item_id(item, at): _item_text(item) for at, item in enumerate(data[name], start=1)}
            if len(items) < len(data[name]):
                raise RowError("Two items of the list have the same id")
            others = {key: value for key, value in data.items() if key != name}
            return tasks.task_of(others, metadata, items)
    return tasks.task_of(data, metadata)


def _item_text(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return item.get("body") or item.get("text") or item.get("title") or item.get("html")


def _item_id(item: Any, at: int) -> str:
    return str(item["id"]) if isinstance(item, Mapping) and "id" in item else str(at)


def _given(annotation: Any, task: Task) -> Given:
    if not isinstance(annotation, Mapping):
        raise RowError("An annotation is not an object")
    given = Given(
        _rater(annotation.get("completed_by")),
        created_at=fields.moment(annotation.get("created_at")),
        is_skip=annotation.get("was_cancelled") is True,
    )
    for result in fields.as_list(annotation.get("result") or [], "The result of an annotation"):
        if not isinstance(result, Mapping) or not isinstance(result.get("value"), Mapping):
            raise RowError("A result of an annotation has no value")
        # Parquet gives every value the keys of all: a null says nothing.
        value = fields.rest(result["value"], ())
        _take(given, fields.label(result, "from_name") or "answer", value, task)
    return given


def _take(given: Given, name: str, value: Mapping[str, Any], task: Task) -> None:
    """What one control of the labelling page says."""
    if "ranker" in value:
        given.compared[name] = _ranker(value["ranker"], task)
    elif "text" in value and "start" not in value:  # a marked passage has both
        given.rationale = "\n".join(filter(None, [given.rationale, *_lines(value["text"])]))
    elif texts := _texts(value):
        chosen = [ranks for text in texts if (ranks := tasks.choice(text, task))]
        if len(chosen) == 1:
            given.compared[name] = chosen[0]
        elif "selected" in value:
            raise RowError(f"The pairwise choice is {texts[0][:40]!r}; it must be left or right")
        else:
            given.more[name] = texts
    else:
        given.more[name] = dict(value)


def _ranker(value: Any, task: Task) -> Ranks:
    """A list is a ranking, best first, and so is the one group beside what was left where it lay."""
    if isinstance(value, Mapping):
        groups = [ids for name, ids in value.items() if name != NEUTRAL and ids]
        if len(groups) > 1:
            raise RowError("The answer sorts the responses into several groups, which is no ranking")
        value = groups[0] if groups else value.get(NEUTRAL)
    ids = fields.as_list(value, "The ranking")
    return tasks.ranking({str(one): rank for rank, one in enumerate(ids, start=1)}, task)


def _lines(value: Any) -> list[str]:
    return [str(line) for line in value] if isinstance(value, list) else [str(value)]


def _rater(value: Any) -> Rated:
    """By number: an export may hold the e-mail address of the annotator, and nobody asked for it."""
    if isinstance(value, Mapping):
        value = value.get("id")
    known = isinstance(value, int | str) and not isinstance(value, bool) and value != ""
    return Rated(f"annotator {value} (Label Studio)" if known else "annotators (Label Studio)")


PROMPT, RIGHT, WRONG = "Why is the sky blue?", "Air scatters blue light most.", "It mirrors the sea."
DATA = {"prompt": PROMPT, "answer1": RIGHT, "answer2": WRONG}
NAMES = (
    "The responses are the columns named response, answer, text and so on with a number or letter; the first "
    "is the left one."
)

FORMATS = (
    DatasetFormat(
        name="label-studio",
        label="Label Studio, JSON",
        source="Label Studio documentation, Export annotations",
        help="Tasks with their annotations: Pairwise, Choices (“left”, “A is much better”, “tie”), Ranker. "
        f"{NAMES} A cancelled annotation is a skip, a text is the rationale, other answers are kept with the "
        "judgment. Annotators keep their number, not their e-mail address.",
        example={
            "id": 7,
            "data": DATA,
            "annotations": [
                {
                    "id": 9,
                    "completed_by": 3,
                    "was_cancelled": False,
                    "created_at": "2026-01-05T10:00:00.000000Z",
                    "lead_time": 12.5,
                    "result": [
                        {
                            "from_name": "comparison",
                            "to_name": "answer1,answer2",
                            "type": "pairwise",
                            "value": {"selected": "left"},
                        },
                        {
                            "from_name": "why",
                            "to_name": "answer1",
                            "type": "textarea",
                            "value": {"text": ["It names the cause."]},
                        },
                    ],
                }
            ],
            "predictions": [],
        },
        recognises=lambda row: fields.has(row, "data", "annotations"),
        read=fields.one(read),
    ),
    DatasetFormat(
        name="label-studio-min",
        label="Label Studio, JSON-MIN",
        source="Label Studio documentation, Export annotations",
        help=f"One annotation a row, in columns beside the data. {NAMES} A column that says which is better "
        "is the judgment. Rankings are in the JSON export alone.",
        example={
            **DATA,
            "id": 7,
            "comparison": {"selected": "left"},
            "annotator": 3,
            "annotation_id": 9,
            "created_at": "2026-01-05T10:00:00.000000Z",
            "updated_at": "2026-01-05T10:00:00.000000Z",
            "lead_time": 12.5,
        },
        recognises=lambda row: fields.has(row, "annotation_id", "annotator", "lead_time"),
        read=fields.one(read_min),
    ),
)
