"""The parts that are answered row by row: ratings, comparisons, verdicts on segments, tags and flags."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from annotators.errors import PartError
from annotators.models import Assignment
from annotators.parse.fields import SIDES, chosen, quoted, sides_of, whole_number
from annotators.segmenting import response_bounds
from annotators.task_form import Scale, Segments, TaskForm

VERDICTS = ("right", "wrong", "unsure")
NONE_WRONG = "none"


def parse_ratings(form: TaskForm, assignment: Assignment, data: QueryDict) -> dict[str, Any]:
    """{name: {"a": n, "b": n}} for every scale; each must be rated on both responses."""
    return {
        scale.name: {
            response: parse_rating(scale, side, data.get(f"rating-{number}-{side}", ""))
            for side, response in sides_of(assignment)
        }
        for number, scale in enumerate(form.ratings)
    }


def parse_rating(scale: Scale, side: str, value: str) -> int:
    where = f"“{scale.name}” of the {side} response"
    if not value:
        raise PartError("ratings", f"{where} is not rated yet. Rate it from {scale.low} to {scale.high}.")
    rating = whole_number(value)
    if rating is None or not scale.low <= rating <= scale.high:
        raise PartError("ratings", f"{where} runs from {scale.low} to {scale.high}, not {quoted(value)}.")
    return rating


def parse_comparisons(form: TaskForm, assignment: Assignment, data: QueryDict) -> dict[str, str]:
    """{name: "a", "b" or "tie"} for every attribute that is compared."""
    better = {**dict(sides_of(assignment)), "tie": "tie"}
    compared = {}
    for number, name in enumerate(form.comparisons):
        value = data.get(f"comparison-{number}", "")
        if not value:
            raise PartError(
                "comparisons", f"“{name}” is not compared yet. Say which is better, or that they are level."
            )
        if value not in better:
            raise PartError(
                "comparisons", f"“{name}” is compared as left, right or tie, not {quoted(value)}."
            )
        compared[name] = better[value]
    return compared


def parse_segments(asked: Segments, assignment: Assignment, data: QueryDict) -> dict[str, Any]:
    """What is said about each response's segments, with their bounds, so that it can be read without us."""
    pair = assignment.pair
    responses = {"a": pair.response_a, "b": pair.response_b}
    return {
        response: parse_side_segments(asked, side, response_bounds(responses[response], asked), data)
        for side, response in sides_of(assignment)
    }


def parse_side_segments(
    asked: Segments, side: str, bounds: list[tuple[int, int]], data: QueryDict
) -> dict[str, Any]:
    segments: dict[str, Any] = {"unit": asked.unit, "bounds": [list(span) for span in bounds]}
    if asked.ask == "first_wrong":
        return {**segments, "first_wrong": parse_first_wrong(asked.unit, side, len(bounds), data)}
    verdicts = []
    for number in range(len(bounds)):
        value = data.get(f"segment-{side}-{number}", "")
        which = f"{asked.unit.capitalize()} {number + 1} of the {side} response"
        if not value:
            raise PartError("segments", f"{which} has no verdict yet. Say correct, wrong or unsure.")
        if value not in VERDICTS:
            raise PartError("segments", f"{which} is correct, wrong or unsure, not {quoted(value)}.")
        verdicts.append(value)
    return {**segments, "verdicts": verdicts}


def parse_first_wrong(unit: str, side: str, n_segments: int, data: QueryDict) -> int | None:
    value = data.get(f"first_wrong-{side}", "")
    if not n_segments or value == NONE_WRONG:
        return None
    if not value:
        raise PartError(
            "segments", f"Say which {unit} of the {side} response is the first wrong one, or that none is."
        )
    number = whole_number(value)
    if number is None or number >= n_segments:
        raise PartError(
            "segments", f"The {side} response has {n_segments} {unit}s; {quoted(value)} is none of them."
        )
    return number


def parse_safety(form: TaskForm, assignment: Assignment, data: QueryDict) -> dict[str, list[str]]:
    """The tags of each response; an empty list says that none applies."""
    return {
        response: chosen(data, f"safety-{side}", part="safety", known=form.safety, what="a safety tag")
        for side, response in sides_of(assignment)
    }


def parse_flags(form: TaskForm, data: QueryDict) -> list[str]:
    return chosen(data, "flags", part="flags", known=form.flags, what="a flag")


def refuse_unasked_rows(form: TaskForm, data: QueryDict) -> None:
    """Raise PartError for a rating or a comparison of an attribute that the form does not have."""
    asked = {f"rating-{number}-{side}" for number in range(len(form.ratings)) for side in SIDES}
    asked |= {f"comparison-{number}" for number in range(len(form.comparisons))}
    for name in data:
        kind = name.partition("-")[0]
        if kind in ("rating", "comparison") and name not in asked:
            raise PartError(
                f"{kind}s", f"{quoted(name)} is no attribute of this form. Reload the page and answer again."
            )
