"""What an annotator can say about a pair, and the key that says it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices

from curation.models import Judgment

Outcome = Judgment.Outcome


class SkipReason(TextChoices):
    CANNOT_JUDGE = "cannot_judge", "Cannot judge"
    LANGUAGE = "language", "Not my language"
    BROKEN = "broken", "Broken or empty"
    UNSAFE = "unsafe", "Unsafe"
    OTHER = "other", "Other"


@dataclass(frozen=True)
class Answer:
    """An answer as given; `visible_ms` is how long the browser says the pair was in view."""

    outcome: str
    preference: int | None = None
    skip_reason: str = ""
    visible_ms: int | None = None


@dataclass(frozen=True)
class Choice:
    """A button of the labelling page, and the answer it stands for."""

    value: str
    label: str
    key: str
    outcome: str
    preference: int | None = None


CHOICES = (
    Choice("left_much", "Left much better", "1", Outcome.PREFERRED, 3),
    Choice("left", "Left better", "2", Outcome.PREFERRED, 2),
    Choice("tie", "Tie", "3", Outcome.TIE),
    Choice("right", "Right better", "4", Outcome.PREFERRED, -2),
    Choice("right_much", "Right much better", "5", Outcome.PREFERRED, -3),
    Choice("both_bad", "Both bad", "b", Outcome.BOTH_BAD),
)
SKIP = Choice("skip", "Skipped", "s", Outcome.SKIP)
BY_VALUE = {choice.value: choice for choice in (*CHOICES, SKIP)}


def answer_words(outcome: str, preference: int | None, skip_reason: str = "") -> str:
    """A stored answer in words, for messages and reviewers."""
    if skip_reason:
        return f"Skipped: {SkipReason(skip_reason).label.lower()}"
    for choice in BY_VALUE.values():
        if (choice.outcome, choice.preference) == (outcome, preference):
            return choice.label
    if preference is None:
        return str(Outcome(outcome).label)
    return "Left slightly better" if preference > 0 else "Right slightly better"
