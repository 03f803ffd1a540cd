"""An answer as the fields of the form it came from: to show what was answered, and to begin from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from annotators.answers import SKIP, choices_for
from annotators.models import Assignment
from annotators.task_form import TaskForm
from curation.models import Judgment, Response
from curation.models.judgments import Side

Given = dict[str, list[str]]


def given_by(form: TaskForm, assignment: Assignment, judgment: Judgment) -> Given:
    """{field name: values} that would give `judgment` again."""
    if judgment.outcome == Judgment.Outcome.SKIP:
        return {"answer": [SKIP.value], "skip_reason": [judgment.skip_reason]}
    fields = part_fields(form, assignment, judgment.attributes)
    given = {name: values for name, values in fields if values}
    for choice in choices_for(form):
        if (choice.outcome, choice.preference) == (judgment.outcome, judgment.preference):
            given["answer"] = [choice.value]
    if judgment.rationale:
        given["rationale"] = [judgment.rationale]
    return given


def part_fields(
    form: TaskForm, assignment: Assignment, said: dict[str, Any]
) -> Iterator[tuple[str, list[str]]]:
    """The fields of what `annotators.task_form` keeps in attributes; sides as the person sees them."""
    sides = {str(assignment.left): "left", str(other(assignment.left)): "right"}
    yield from row_fields(form, said, sides)
    for name in ("reasons", "flags"):
        yield name, list(said.get(name, []))
    for response, segments in said.get("segments", {}).items():
        yield from segment_fields(sides[response], segments)
    if "spans" in said:
        yield "spans", [json.dumps(list(marks(said["spans"], sides)), ensure_ascii=False)]
    if "ranking" in said:
        yield from rank_fields(assignment, said["ranking"])
    if "rewrite_of" in said:
        yield from rewrite_fields(assignment, said["rewrite_of"])


def row_fields(
    form: TaskForm, said: dict[str, Any], sides: dict[str, str]
) -> Iterator[tuple[str, list[str]]]:
    for number, scale in enumerate(form.ratings):
        for response, rating in said.get("ratings", {}).get(scale.name, {}).items():
            yield f"rating-{number}-{sides[response]}", [str(rating)]
    for number, name in enumerate(form.comparisons):
        better = said.get("comparisons", {}).get(name)
        yield f"comparison-{number}", [sides.get(better, better)] if better else []
    for response, tags in said.get("safety", {}).items():
        yield f"safety-{sides[response]}", list(tags)


def other(side: str) -> Side:
    return Side.B if side == Side.A else Side.A


def segment_fields(side: str, segments: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if "first_wrong" in segments:
        first = segments["first_wrong"]
        yield f"first_wrong-{side}", ["none" if first is None else str(first)]
    for number, verdict in enumerate(segments.get("verdicts", [])):
        yield f"segment-{side}-{number}", [verdict]


def marks(spans: dict[str, list[dict[str, Any]]], sides: dict[str, str]) -> Iterator[dict[str, Any]]:
    for response, found in spans.items():
        for span in found:
            kept = {name: span[name] for name in ("start", "end", "type", "severity")}
            yield {"side": sides[response], **kept}


def rank_fields(assignment: Assignment, ranking: list[list[int]]) -> Iterator[tuple[str, list[str]]]:
    """Equal ranks tie, and the next rank counts those before it: 1, 1, 3."""
    rank, place = {}, 1
    for group in ranking:
        rank.update(dict.fromkeys(group, place))
        place += len(group)
    for number, response in enumerate(assignment.order or [], start=1):
        yield f"rank-{number}", [str(rank[response])]


def rewrite_fields(assignment: Assignment, original: int) -> Iterator[tuple[str, list[str]]]:
    rewrites = Response.objects.filter(edited_from=original, author=assignment.annotator_id)
    text = rewrites.order_by("-pk").values_list("text", flat=True).first()
    if text:
        yield "rewrite", [text]
