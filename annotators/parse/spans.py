"""Marked passages: typed errors with a severity, as offsets into the raw text of a response."""

from __future__ import annotations

import json
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

from django.http import QueryDict

from annotators.errors import PartError
from annotators.models import Assignment
from annotators.parse.fields import QUOTED, listed, quoted, sides_of, text_of
from annotators.task_form import Spans

MAX_SPANS = 200
MAX_JSON = 60_000  # characters: far above what MAX_SPANS marks take
FIELDS = {"side", "start", "end", "type", "severity"}


def parse_spans(asked: Spans, assignment: Assignment, data: QueryDict) -> dict[str, list[dict[str, Any]]]:
    """The marks of each response, by their place in the text.

    Marks may overlap where their types differ: a passage can be both wrong and beside the point. Two of one
    type may not, for then nobody could say how many errors there are.
    """
    marks = read_marks(data.get("spans", ""))
    found: dict[str, list[dict[str, Any]]] = {"a": [], "b": []}
    responses = dict(sides_of(assignment))
    for mark in marks:
        side = mark["side"]
        if not isinstance(side, str) or side not in responses:
            raise PartError("spans", f"A mark is on the left or the right response, not on {shown(side)}.")
        response = responses[side]
        found[response].append(checked_span(asked, side, text_of(assignment, response), mark))
    for side, response in responses.items():
        found[response].sort(key=itemgetter("start", "end", "type"))
        refuse_overlaps(side, found[response])
    return found


def read_marks(raw: str) -> list[dict[str, Any]]:
    if not raw:
        return []
    unreadable = "The marks arrived in a form that cannot be read, so nothing was recorded. Mark them again."
    if len(raw) > MAX_JSON:
        raise PartError("spans", too_many())
    try:
        marks = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise PartError("spans", unreadable) from error
    if not isinstance(marks, list) or not all(
        isinstance(mark, dict) and set(mark) == FIELDS for mark in marks
    ):
        raise PartError("spans", unreadable)
    if len(marks) > MAX_SPANS:
        raise PartError("spans", too_many())
    return marks


def too_many() -> str:
    return f"At most {MAX_SPANS} passages can be marked in one answer. Remove some, or mark longer passages."


def checked_span(asked: Spans, side: str, text: str, mark: dict[str, Any]) -> dict[str, Any]:
    start, end, severity = mark["start"], mark["end"], mark["severity"]
    if not is_whole(start) or not is_whole(end) or not 0 <= start <= len(text) or not 0 <= end <= len(text):
        raise PartError(
            "spans",
            f"A mark from {shown(start)} to {shown(end)} lies outside the {side} response, which has "
            f"{len(text)} characters. Remove it and mark the passage again.",
        )
    if start >= end or not text[start:end].strip():
        raise PartError(
            "spans", f"A mark at {start} in the {side} response holds no text. Remove it and mark some words."
        )
    if mark["type"] not in asked.types:
        raise PartError(
            "spans", f"{shown(mark['type'])} is not a type of error here. Choose from: {listed(asked.types)}."
        )
    if not is_whole(severity) or not 1 <= severity <= asked.severities:
        raise PartError(
            "spans",
            f"The severity of a mark runs from 1 to {asked.severities}, not {shown(severity)}.",
        )
    return {"start": start, "end": end, "type": mark["type"], "severity": severity, "text": text[start:end]}


def is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> str:
    return quoted(value) if isinstance(value, str) else repr(value)[:QUOTED]


def refuse_overlaps(side: str, spans: list[dict[str, Any]]) -> None:
    by_type = itemgetter("type")
    for name, group in groupby(sorted(spans, key=by_type), key=by_type):
        for first, second in pairwise(group):
            if second["start"] < first["end"]:
                raise PartError(
                    "spans",
                    f"Two marks of type “{name}” overlap in the {side} response: "
                    f"{quoted(first['text'])} and {quoted(second['text'])}. Remove one or make one of both.",
                )
