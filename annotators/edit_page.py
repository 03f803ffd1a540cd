"""The page that changes an answer: the turn as the person was shown it, with the answer filled in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.safestring import SafeString

from annotators.answers import SKIP, SkipReason, choices_for
from annotators.history import own_words
from annotators.models import Assignment
from config.templatetags.display import markdown
from curation.models import Response

OPENED = "annotators.edit"  # the salt of the time at which the page was opened


@dataclass(frozen=True)
class Shown:
    """A response as the person sees it."""

    side: str
    raw: str

    @property
    def text(self) -> str:
        return self.raw

    @property
    def html(self) -> SafeString:
        return markdown(self.raw)

    def mask(self, start: int, end: int) -> str:
        return self.raw[start:end]


def edit_context(assignment: Assignment, given: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """`given` is what to fill the form with; the answer that stands where nothing was sent."""
    return {
        "assignment": assignment,
        "task": assignment.campaign.task,
        "messages_shown": assignment.pair.prompt.messages,
        "left": shown("left", assignment.left_response),
        "right": shown("right", assignment.right_response),
        "guideline": assignment.guideline,
        "answers": choices_for(assignment.campaign.task),
        "skip_reasons": SkipReason.choices,
        "former": own_words(assignment),
        "given": given or given_now(assignment),
        "opened": opened_token(assignment),
    }


def shown(side: str, response: Response) -> Shown:
    return Shown(side, response.text)


def given_now(assignment: Assignment) -> dict[str, list[str]]:
    """The field values that would give the standing answer again."""
    stands = assignment.judgment
    if stands is None:
        return {}
    if stands.skip_reason:
        return {"answer": [SKIP.value], "skip_reason": [stands.skip_reason]}
    said = (stands.outcome, stands.preference)
    chosen = [
        choice.value
        for choice in choices_for(assignment.campaign.task)
        if (choice.outcome, choice.preference) == said
    ]
    return {"answer": chosen}


def opened_token(assignment: Assignment) -> str:
    """When the page was opened, signed: a correction is paid by its time, and must not claim more."""
    return signing.dumps([assignment.pk, timezone.now().isoformat()], salt=OPENED)


def opened_at(assignment: Assignment, token: str) -> datetime | None:
    """None for a token that is not of this page."""
    try:
        pk, moment = signing.loads(token, salt=OPENED)
    except signing.BadSignature:
        return None
    return datetime.fromisoformat(moment) if pk == assignment.pk else None
