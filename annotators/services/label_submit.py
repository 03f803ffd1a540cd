"""Record an answer, and take the last one back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from annotators.answers import Answer
from annotators.errors import AlreadyAnsweredError, LabelError
from annotators.models import Assignment, Campaign, CampaignPair
from annotators.services.turns import lease_end, person_lock, refuse_unless_running, slot_take
from curation.models import Judgment, User
from curation.services.judgment_record import judgment_record
from curation.services.rater_get import person_rater

State = Assignment.State


@transaction.atomic
def label_submit(*, assignment_id: int, user: User, answer: Answer) -> Judgment:
    """Append the judgment and finish the assignment, together; of two submissions one wins.

    A late answer counts while the slot is free: the lease is there to pass a pair on, not to throw work
    away. Raises AlreadyAnsweredError, or LabelError when the campaign is not running or the slot went to
    somebody else; ValueError for an answer that contradicts itself.
    """
    campaign = Campaign.objects.get(assignments=assignment_id)
    person_lock(campaign=campaign, user=user)
    assignment = (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("pair__prompt", "judgment")
        .get(pk=assignment_id, annotator=user)
    )
    if assignment.state == State.DONE:
        raise AlreadyAnsweredError("Your answer to that pair was already recorded; nothing was changed.")
    refuse_unless_running(campaign)
    if assignment.state == State.EXPIRED:
        slot_retake(assignment, overlap=campaign.overlap)
    now = timezone.now()
    judgment = judgment_record(
        pair=assignment.pair,
        rater=person_rater(project=campaign.project, user=user),
        left=assignment.left,
        outcome=answer.outcome,
        preference=answer.preference,
        skip_reason=answer.skip_reason,
        duration_ms=duration_ms(assignment.opened_at, now, answer.visible_ms),
        source=Judgment.Source.CAMPAIGN,
        supersedes=assignment.judgment,
    )
    finished = Assignment.objects.filter(
        pk=assignment.pk, state=State.OPEN, campaign__state=Campaign.State.RUNNING
    ).update(state=State.DONE, judgment=judgment, answered_at=now)
    if not finished:
        raise LabelError("This campaign was stopped a moment ago. Your answer was not recorded.")
    return judgment


def slot_retake(assignment: Assignment, *, overlap: int) -> None:
    """Take a slot again for a turn whose lease ran out, if nobody needed it."""
    campaign_pair = CampaignPair.objects.select_for_update(no_key=True).get(pk=assignment.campaign_pair_id)
    if campaign_pair.slots_left == 0:
        raise LabelError(
            "Your time for that pair ran out and it was given to someone else, so your answer was not "
            "recorded. Nothing else is lost; here is your next pair."
        )
    slot = slot_take(campaign_pair=campaign_pair, overlap=overlap)
    Assignment.objects.filter(pk=assignment.pk, state=State.EXPIRED).update(state=State.OPEN, slot=slot)


def duration_ms(opened_at: datetime, answered_at: datetime, visible_ms: int | None) -> int:
    """From opening to answer, or the shorter time that the pair was in view."""
    elapsed = (answered_at - opened_at) // timedelta(milliseconds=1)
    return elapsed if visible_ms is None else min(elapsed, visible_ms)


@transaction.atomic
def label_undo(*, campaign: Campaign, user: User) -> Assignment:
    """Take back the person's last answer in the campaign and reopen it: same sides, same slot, new lease.

    The answer stays on record, superseded by a withdrawal, which the next answer supersedes in turn.
    Raises LabelError when there is nothing to take back or the campaign is not running.
    """
    person_lock(campaign=campaign, user=user)
    refuse_unless_running(campaign)
    assignment: Assignment | None = (
        Assignment.objects.filter(campaign=campaign, annotator=user)
        .answered()
        .select_for_update(of=("self",))
        .select_related("pair__prompt", "judgment")
        .first()
    )
    if assignment is None:
        raise LabelError("There is no answer of yours to take back in this campaign.")
    withdrawal = judgment_record(
        pair=assignment.pair,
        rater=person_rater(project=campaign.project, user=user),
        left=assignment.left,
        outcome=Judgment.Outcome.WITHDRAWN,
        source=Judgment.Source.CAMPAIGN,
        supersedes=assignment.judgment,
    )
    now = timezone.now()
    Assignment.objects.filter(pk=assignment.pk, state=State.DONE).update(
        state=State.OPEN,
        judgment=withdrawal,
        answered_at=None,
        opened_at=now,
        leased_until=lease_end(campaign, now),
    )
    return assignment
