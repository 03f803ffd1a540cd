"""Answers in words about responses A and B, for those who see both and what everybody said."""

from __future__ import annotations

from annotators.answers import STRENGTHS, Choice, answer_words, choices_for
from annotators.task_form import TaskForm
from curation.models.judgments import Side


def decisions_for(form: TaskForm) -> list[Choice]:
    """The choices of a reviewer: those of the form, with A on the left."""
    return [
        Choice(choice.value, about_a(choice.label), choice.key, choice.outcome, choice.preference)
        for choice in choices_for(form)
    ]


def about_a(words: str) -> str:
    """“Left much better” → “A much better”: what an answer says where A is on the left."""
    return words.replace("Left", "A").replace("Right", "B")


def response_words(left: str, outcome: str, preference: int | None, skip_reason: str = "") -> str:
    """A stored answer in words, whichever side was left: “B slightly better”."""
    if preference is None:
        return answer_words(outcome, preference, skip_reason)
    return about_a(STRENGTHS[preference if left == Side.A else -preference][1])
