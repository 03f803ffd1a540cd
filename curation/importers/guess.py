"""Guess from names and values which column is what; people correct the guess before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curation.services.prompt_parse import FieldMapping

PROMPT_NAMES = (
    "messages", "conversations", "conversation", "prompt", "instruction", "question", "query", "input",
    "text", "turns",
)  # fmt: skip
OTHER_NAMES = {
    "system": ("system", "system_prompt"),
    "category": ("category", "topic", "task", "task_type", "subset"),
    "tags": ("tags", "labels", "keywords"),
    "split": ("split",),
    "source": ("source", "dataset", "origin"),
    "language": ("language", "lang", "locale"),
    "licence": ("licence", "license"),
}


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every field name in `rows`, in the order of first sight."""
    return list(dict.fromkeys(name for row in rows for name in row))


def guess_mapping(rows: Sequence[Mapping[str, Any]]) -> FieldMapping:
    """The likely mapping for the first rows of a file. `prompt` is empty when there is no column."""
    columns = columns_of(rows)
    prompt = _named(columns, PROMPT_NAMES) or max(columns, key=lambda name: _length(rows, name), default="")
    others = {field: _named(columns, names) for field, names in OTHER_NAMES.items()}
    return FieldMapping(
        prompt=prompt,
        kind=guess_kind(rows, prompt),
        **{field: column for field, column in others.items() if column != prompt},
    )


def guess_kind(rows: Sequence[Mapping[str, Any]], column: str) -> str:
    """`messages` when the column holds lists of turns, as values or as JSON text."""
    for row in rows:
        value = row.get(column)
        if isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith('[{"')):
            return "messages"
    return "text"


def _named(columns: Sequence[str], names: Iterable[str]) -> str:
    by_name = {column.lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), "")


def _length(rows: Sequence[Mapping[str, Any]], column: str) -> int:
    return sum(len(value) for row in rows if isinstance(value := row.get(column), str))
