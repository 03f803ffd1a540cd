"""What an annotator can say about a pair, and the key that says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from django.db.models import TextChoices

from annotators.task_form import TaskForm
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
    """An answer as given; `visible_ms` is how long the browser says the pair was in view.

    `attributes` is what the task form's other parts were answered with, as `annotators.task_form` describes;
    a ranking stands in it, and its `outcome` is that of the listed pair. `rewrite` is the better response,
    corrected; empty where nothing was rewritten.
    """

    outcome: str
    preference: int | None = None
    skip_reason: str = ""
    visible_ms: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    rationale: str = ""
    rewrite: str = ""


@dataclass(frozen=True)
class Choice:
    """A button of the labelling page, and the answer it stands for."""

    value: str
    label: str
    key: str
    outcome: str
    preference: int | None = None


STRENGTHS = {
    3: ("left_much", "Left much better"),
    2: ("left", "Left better"),
    1: ("left_slightly", "Left slightly better"),
    -1: ("right_slightly", "Right slightly better"),
    -2: ("right", "Right better"),
    -3: ("right_much", "Right much better"),
}
SKIP = Choice("skip", "Skipped", "s", Outcome.SKIP)
RANKING = "ranking"  # the value of `answer` where the ranks are the answer


def choices_for(form: TaskForm) -> list[Choice]:
    """The answers of a pairwise form, keyed 1 to 5 or 1 to 7 from left to right; a tie keeps its number
    free where it is not offered, so that the keys on either side of it never move. A ranking has none: the
    ranks are the answer."""
    if form.kind == "ranking":
        return []
    strengths = [3, 2, 0, -2, -3] if form.steps == 5 else [3, 2, 1, 0, -1, -2, -3]
    choices = []
    for number, strength in enumerate(strengths, start=1):
        if strength:
            value, label = STRENGTHS[strength]
            choices.append(Choice(value, label, str(number), Outcome.PREFERRED, strength))
        elif form.tie:
            choices.append(Choice("tie", "Tie", str(number), Outcome.TIE))
    if form.both_bad:
        choices.append(Choice("both_bad", "Both bad", "b", Outcome.BOTH_BAD))
    return choices


def ranked_preferences(order: Sequence[int], ranking: Sequence[Sequence[int]]) -> list[tuple[int, int, int]]:
    """Every pair of a ranking as (listed first, listed later, preference towards the first: 2, 0 or −2).

    `order` is how the responses were listed, `ranking` groups of tied ids, best first.
    """
    rank = {response: place for place, group in enumerate(ranking) for response in group}
    return [
        (first, later, 2 if rank[first] < rank[later] else -2 if rank[first] > rank[later] else 0)
        for first, later in combinations(order, 2)
    ]


def answer_words(outcome: str, preference: int | None, skip_reason: str = "") -> str:
    """A stored answer in words, for messages and reviewers."""
    if skip_reason:
        return f"Skipped: {SkipReason(skip_reason).label.lower()}"
    if preference is not None:
        return STRENGTHS[preference][1]
    return str(Outcome(outcome).label)
