"""Change an answer that was given, while the campaign runs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotators.answers import Answer
from annotators.errors import LabelError
from annotators.models import Assignment, Campaign
from annotators.services.answer_record import answer_record, duration_ms
from annotators.services.label_submit import assignment_lock
from annotators.services.pair_settle import pair_settle
from annotators.services.turns import participation_lock, refuse_unless_running
from curation.models import Judgment, User

State = Assignment.State


@transaction.atomic
def label_revise(
    *, assignment_id: int, user: User, answer: Answer, opened_at: datetime | None = None
) -> Judgment:
    """Append an answer over the one that stands; the turn stays answered, and the pair is measured anew.

    The same answer again changes nothing. `opened_at` is when the person began to change it: the correction
    counts its own time. Raises LabelError when the campaign is not running, the person may not take part, or
    the answer is not one that can be changed.
    """
    campaign = Campaign.objects.select_related("project").get(assignments=assignment_id)
    refuse_unless_running(campaign)
    participation_lock(campaign=campaign, user=user)
    assignment = assignment_lock(assignment_id, user)
    before = refuse_unless_revisable(assignment)
    if says_the_same(before, answer):
        return before
    now = timezone.now()
    judgment = answer_record(
        campaign=campaign,
        assignment=assignment,
        user=user,
        answer=answer,
        took_ms=duration_ms(opened_at, now, answer.visible_ms) if opened_at else None,
    )
    moved = Assignment.objects.filter(
        pk=assignment.pk, state=State.DONE, judgment=before, campaign__state=Campaign.State.RUNNING
    ).update(judgment=judgment, reopened_at=now)
    if not moved:
        raise LabelError("This campaign was stopped a moment ago. Your answer stays as it was.")
    pair_settle(campaign=campaign, campaign_pair_id=assignment.campaign_pair_id)
    return judgment


def refuse_unless_revisable(assignment: Assignment) -> Judgment:
    """The answer that stands. Raises LabelError, saying why, where it cannot be changed."""
    if assignment.purpose == Assignment.Purpose.QUALIFICATION:
        raise LabelError("Answers of a qualification round stay as they are: you saw what was expected.")
    if assignment.state != State.DONE or assignment.judgment is None:
        raise LabelError("You took this answer back, so there is none to change. Answer the pair anew.")
    return assignment.judgment


def says_the_same(before: Judgment, answer: Answer) -> bool:
    given = (answer.outcome, answer.preference, answer.skip_reason, answer.attributes, answer.rationale)
    stands = (before.outcome, before.preference, before.skip_reason, before.attributes, before.rationale)
    return given == stands and not answer.rewrite
