"""What the labelling page shows of a turn. Nothing in it names a model, a rater or another answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from annotators.answers import SkipReason, answer_words, choices_for
from annotators.given import Given, given_by
from annotators.keymap import choice_action
from annotators.masking import Masked, mask_message, mask_words
from annotators.models import Assignment, Campaign, GoldPair
from annotators.task_form import TaskForm
from annotators.templatetags.labelling import prose
from curation.models import Judgment, Response
from curation.models.judgments import Side


@dataclass(frozen=True)
class Shown:
    """A response as the person sees it. `mask(start, end)` is what is shown of that range of `raw`."""

    masked: Masked
    side: str = ""
    number: int = 0

    @property
    def raw(self) -> str:
        return self.masked.raw

    @property
    def text(self) -> str:
        return self.masked.text

    @property
    def html(self) -> SafeString:
        return prose(self.text)

    def mask(self, start: int, end: int) -> str:
        return self.masked.mask(start, end)


@dataclass(frozen=True)
class Feedback:
    """What somebody learns about an answer of a qualification round."""

    hit: bool
    given: str
    expected: str
    explanation: str

    @property
    def words(self) -> str:
        if self.hit:
            return f"Right: “{self.expected}” was expected."
        return f"“{self.expected}” was expected; you answered “{self.given}”."


def turn_context(assignment: Assignment | None, given: Given | None = None) -> dict[str, Any]:
    """The turn as the templates read it; `given` is what to fill the form with, or else the person's draft,
    or the answer they took back."""
    if assignment is None:
        return {"assignment": None}
    task = assignment.campaign.task
    words = hidden_words(assignment)
    messages = [mask_message(message, words) for message in assignment.pair.prompt.messages]
    fold = len(messages) > 2
    former = former_answer(assignment)
    left = Shown(Masked(assignment.left_response.text, words), "left")
    right = Shown(Masked(assignment.right_response.text, words), "right")
    return {
        "assignment": assignment,
        "task": task,
        "left": left,
        "right": right,
        "sides": [left, right],
        "listed": list(listed(assignment, words)),
        "earlier": messages[:-1] if fold else [],
        "latest": messages[-1:] if fold else messages,
        "guideline": assignment.guideline,
        "choices": [{"choice": choice, "action": choice_action(choice)} for choice in choices_for(task)],
        "skip_reasons": SkipReason.choices,
        "former": answer_words(former.outcome, former.preference, former.skip_reason) if former else "",
        "given": given or filled_in(task, assignment, former),
        "alone": assignment.purpose == Assignment.Purpose.QUALIFICATION,
    }


def hidden_words(assignment: Assignment) -> tuple[str, ...]:
    campaign = assignment.campaign
    samplers = getattr(assignment, "sampler_names", [])
    return mask_words(campaign.mask_words, samplers) if campaign.mask_identity else ()


def listed(assignment: Assignment, words: tuple[str, ...]) -> Iterator[Shown]:
    """The responses of a ranking, in the order drawn for this person."""
    if assignment.order:
        texts = dict(Response.objects.filter(pk__in=assignment.order).values_list("pk", "text"))
        for number, response in enumerate(assignment.order, start=1):
            yield Shown(Masked(texts[response], words), number=number)


def former_answer(assignment: Assignment) -> Judgment | None:
    """The answer that was taken back, while the turn waits for another."""
    judgment = assignment.judgment
    if judgment is None or assignment.state != Assignment.State.OPEN:
        return judgment
    return judgment.supersedes if judgment.outcome == Judgment.Outcome.WITHDRAWN else judgment


def filled_in(task: TaskForm, assignment: Assignment, former: Judgment | None) -> Given:
    if assignment.draft:
        return dict(assignment.draft)
    return given_by(task, assignment, former) if former else {}


def gold_feedback(campaign: Campaign, assignment_id: int) -> Feedback | None:
    """What to say after an answer of a qualification round; None of any other turn."""
    turn = (
        Assignment.objects.filter(campaign=campaign, pk=assignment_id, state=Assignment.State.DONE)
        .filter(purpose=Assignment.Purpose.QUALIFICATION)
        .select_related("campaign_pair__gold", "judgment")
        .first()
    )
    if turn is None or turn.judgment is None or turn.campaign_pair.gold is None:
        return None
    gold = turn.campaign_pair.gold
    hit = Assignment.objects.filter(pk=turn.pk).gold_checked().filter(hit=True).exists()
    return Feedback(hit, turn.words, expected_words(gold, turn.left), gold.explanation)


def expected_words(gold: GoldPair, left: str) -> str:
    if gold.expected in Side.values:
        return "Left better" if gold.expected == left else "Right better"
    return str(GoldPair.Expected(gold.expected).label)
