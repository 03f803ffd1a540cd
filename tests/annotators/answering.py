"""Answers given through the services, about response a whichever side it was shown on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from annotators.answers import Answer
from annotators.models import Assignment, Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from annotators.turn_read import turn_read
from curation.models import User

SLOW_MS = 60_000
MINUTE = timedelta(minutes=2)


def answer_next(campaign: Campaign, user: User, towards_a: int, **fields: Any) -> Assignment:
    """Claim the person's next pair and answer it: −3 to 3 towards response a, 0 for a tie."""
    turn = assignment_claim(campaign=campaign, user=user)
    assert turn is not None
    # Opened a minute ago, so that nobody counts as rushed unless the test asks for it.
    Assignment.objects.filter(pk=turn.pk).update(opened_at=turn.opened_at - MINUTE)
    given = preference_answer(turn, towards_a, visible_ms=fields.pop("visible_ms", SLOW_MS), **fields)
    label_submit(assignment_id=turn.pk, user=user, answer=given)
    return turn_read(turn.pk)


def preference_answer(turn: Assignment, towards_a: int, **fields: Any) -> Answer:
    if towards_a == 0:
        return Answer("tie", **fields)
    return Answer("preferred", towards_a if turn.left == "a" else -towards_a, **fields)


def answer_all(campaign: Campaign, votes: dict[User, int]) -> None:
    """Everybody answers every pair of the campaign the same way each time."""
    for user, towards_a in votes.items():
        for _ in range(campaign.n_pairs):
            answer_next(campaign, user, towards_a)
