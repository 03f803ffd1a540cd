"""Read what the labelling page sent as an answer to the campaign's task form."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from annotators.answers import RANKING, SKIP, Answer, SkipReason, choices_for
from annotators.errors import AnswerError
from annotators.models import Assignment
from annotators.parse.fields import quoted, texts_load
from annotators.parse.ranking import parse_ranking, ranked_answer
from annotators.parse.rows import (
    parse_comparisons,
    parse_flags,
    parse_ratings,
    parse_safety,
    parse_segments,
    refuse_unasked_rows,
)
from annotators.parse.spans import parse_spans
from annotators.parse.writing import parse_rationale, parse_reasons, parse_rewrite
from annotators.task_form import TaskForm

MAX_VISIBLE_MS = 24 * 3600 * 1000


def parse_answer(form: TaskForm, assignment: Assignment, data: QueryDict) -> Answer:
    """The answer. Sides in `data` are left and right; what is returned is about responses a and b.

    A skip needs its reason and nothing else. Raises AnswerError, in words for the person, when something is
    missing, unknown or out of range; where it is about one part, a PartError that names it.
    """
    value = data.get("answer", "")
    visible_ms = parse_visible_ms(data.get("visible_ms", ""))
    if value == SKIP.value:
        return Answer(SKIP.outcome, skip_reason=parse_skip_reason(data), visible_ms=visible_ms)
    if form.kind == "ranking":
        return parse_ranked(form, assignment, data, value, visible_ms)
    if not value:
        raise AnswerError("No answer was sent. Choose one of the answers below the two responses.")
    choice = next((choice for choice in choices_for(form) if choice.value == value), None)
    if choice is None:
        raise AnswerError(f"{quoted(value)} is not an answer. Choose one of the answers below the responses.")
    if form.spans or form.segments or form.rewrite != "off":
        texts_load(assignment)
    attributes = {**parse_pair_parts(form, assignment, data), **parse_common_parts(form, data)}
    rewrite, rewrite_of = "", None
    if form.rewrite != "off":
        rewrite, rewrite_of = parse_rewrite(form, assignment, choice.preference, data)
    if rewrite_of is not None:
        attributes["rewrite_of"] = rewrite_of
    return Answer(
        choice.outcome,
        choice.preference,
        visible_ms=visible_ms,
        attributes=attributes,
        rationale=parse_rationale(form.rationale, data) if form.rationale else "",
        rewrite=rewrite,
    )


def parse_ranked(
    form: TaskForm, assignment: Assignment, data: QueryDict, value: str, visible_ms: int | None
) -> Answer:
    if value != RANKING:
        raise AnswerError(
            "This campaign asks for a ranking. Give each response a rank and send them together."
        )
    ranking = parse_ranking(assignment, data)
    outcome, preference = ranked_answer(assignment, ranking)
    return Answer(
        outcome,
        preference,
        visible_ms=visible_ms,
        attributes={"ranking": ranking, **parse_common_parts(form, data)},
        rationale=parse_rationale(form.rationale, data) if form.rationale else "",
    )


def parse_pair_parts(form: TaskForm, assignment: Assignment, data: QueryDict) -> dict[str, Any]:
    """The parts about two responses, as `annotators.task_form` describes them; only those that are asked."""
    refuse_unasked_rows(form, data)
    parts: dict[str, Any] = {}
    if form.ratings:
        parts["ratings"] = parse_ratings(form, assignment, data)
    if form.comparisons:
        parts["comparisons"] = parse_comparisons(form, assignment, data)
    if form.spans:
        parts["spans"] = parse_spans(form.spans, assignment, data)
    if form.segments:
        parts["segments"] = parse_segments(form.segments, assignment, data)
    if form.safety:
        parts["safety"] = parse_safety(form, assignment, data)
    return parts


def parse_common_parts(form: TaskForm, data: QueryDict) -> dict[str, list[str]]:
    """Reasons and flags, which a ranking can have too; left out where none is given."""
    reasons = parse_reasons(form.rationale, data) if form.rationale else []
    flags = parse_flags(form, data)
    return {name: values for name, values in (("reasons", reasons), ("flags", flags)) if values}


def parse_skip_reason(data: QueryDict) -> str:
    reason = data.get("skip_reason", "")
    if not reason:
        raise AnswerError("A skip needs a reason. Choose one and skip again.")
    if reason not in SkipReason.values:
        raise AnswerError(f"{quoted(reason)} is not a reason to skip. Choose one of the list.")
    return reason


def parse_visible_ms(raw: str) -> int | None:
    """The time in view as the browser counted it; None where it did not."""
    return min(int(raw), MAX_VISIBLE_MS) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
