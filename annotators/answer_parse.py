"""Read what the labelling page sent as an answer to the campaign's task form."""

from __future__ import annotations

from django.http import QueryDict

from annotators.answers import SKIP, Answer, SkipReason, choices_for
from annotators.errors import AnswerError
from annotators.models import Assignment
from annotators.task_form import TaskForm

MAX_VISIBLE_MS = 24 * 3600 * 1000


def parse_answer(form: TaskForm, assignment: Assignment, data: QueryDict) -> Answer:
    """The answer. Sides in `data` are left and right; what is returned is about responses a and b.

    Raises AnswerError, in words for the person, when something is missing, unknown or out of range.
    """
    value = data.get("answer", "")
    visible_ms = parse_visible_ms(data.get("visible_ms", ""))
    if value == SKIP.value:
        return Answer(SKIP.outcome, skip_reason=parse_skip_reason(data), visible_ms=visible_ms)
    if not value:
        raise AnswerError("No answer was sent. Choose one of the answers below the two responses.")
    choice = next((choice for choice in choices_for(form) if choice.value == value), None)
    if choice is None:
        raise AnswerError(f"“{value[:40]}” is not an answer. Choose one of the answers below the responses.")
    return Answer(choice.outcome, choice.preference, visible_ms=visible_ms)


def parse_skip_reason(data: QueryDict) -> str:
    reason = data.get("skip_reason", "")
    if not reason:
        raise AnswerError("A skip needs a reason. Choose one and skip again.")
    if reason not in SkipReason.values:
        raise AnswerError(f"“{reason[:40]}” is not a reason to skip. Choose one of the list.")
    return reason


def parse_visible_ms(raw: str) -> int | None:
    """The time in view as the browser counted it; None where it did not."""
    return min(int(raw), MAX_VISIBLE_MS) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
