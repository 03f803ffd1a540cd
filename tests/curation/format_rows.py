"""Rows of preference formats, and what is read in them."""

from __future__ import annotations

from typing import Any

from curation.importers.datasets.record import Comparison, PreferenceRecord
from curation.importers.datasets.registry import FORMATS
from curation.importers.rows import FileRow, Position
from curation.services.preference_parse import ParsedPreference, ReadOptions, preference_entries

RIGHT, WRONG = "Air scatters blue light most.", "It mirrors the sea."
SKY = "Why is the sky blue?"
TURN = {"role": "user", "content": SKY}
LONG = [TURN, {"role": "assistant", "content": "Well."}, {"role": "user", "content": "Go on."}]


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """The format's example with other values; `...` takes a field away."""
    row = FORMATS[name].example | changes
    return {field: value for field, value in row.items() if value is not ...}


def read(name: str, row: dict[str, Any]) -> PreferenceRecord:
    (record,) = FORMATS[name].read(row)
    return record


def wins(record: PreferenceRecord, comparison: Comparison) -> str:
    """The text that the comparison prefers, or its outcome."""
    if comparison.preference is None:
        return comparison.outcome
    place = comparison.first if comparison.preference > 0 else comparison.second
    return record.answers[place].text


def entries(name: str, *rows: dict[str, Any]) -> list[tuple[list[int], list[ParsedPreference] | str]]:
    file_rows = [FileRow(line, 1, Position(line, line), row) for line, row in enumerate(rows, start=1)]
    said = preference_entries(file_rows, FORMATS[name], ReadOptions())
    return [([row.line for row in group], what) for group, what in said]
