"""Record an answer."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotators.answers import Answer
from annotators.errors import AlreadyAnsweredError, LabelError
from annotators.models import Assignment, Campaign, CampaignPair, Participation
from annotators.services.answer_record import answer_record, duration_ms
from annotators.services.pair_settle import pair_settle
from annotators.services.qualification_settle import qualification_settle
from annotators.services.turns import participation_lock, refuse_unless_running, showings, slot_count_down
from config.compiled import Compiled, CompiledUpdate, Given
from curation.models import Judgment, User

State = Assignment.State
CAMPAIGN = Compiled(
    lambda: Campaign.objects.filter(assignments=Given("assignment")).select_related("project")
)
ASSIGNMENT_LOCK: Compiled[Assignment] = Compiled(
    lambda: (
        Assignment.objects.select_for_update(of=("self",))
        .select_related("pair__prompt", "judgment", "guideline")
        .filter(pk=Given("assignment"), annotator=Given("user"))
    )
)

FINISH = CompiledUpdate(
    lambda: Assignment.objects.filter(
        pk=Given("assignment"), state=State.OPEN, campaign__state=Campaign.State.RUNNING
    ),
    state=State.DONE,
    judgment=Given("judgment"),
    answered_at=Given("now"),
    draft=None,
)
COUNT_ANSWER = CompiledUpdate(
    lambda: Participation.objects.filter(pk=Given("standing")), n_answered=F("n_answered") + 1
)


@transaction.atomic
def label_submit(*, assignment_id: int, user: User, answer: Answer, turn: int | None = None) -> Judgment:
    """Append the judgment and finish the assignment, together; of two submissions one wins.

    A late answer counts while the slot is free: the lease is there to pass a pair on, not to throw work
    away. `turn` is the one the page showed; an answer to a turn that was since taken back is refused.
    Raises AlreadyAnsweredError, or LabelError when the campaign is not running, the person may not take part
    or the slot went to somebody else; ValueError for an answer that contradicts itself.
    """
    campaign = CAMPAIGN.get(assignment=assignment_id)
    refuse_unless_running(campaign)
    standing = participation_lock(campaign=campaign, user=user)
    assignment = assignment_lock(assignment_id, user)
    if assignment.state == State.DONE:
        raise AlreadyAnsweredError("Your answer to that pair was already recorded; nothing was changed.")
    if turn is not None and turn != assignment.turn:
        raise LabelError(
            "That answer was sent before you took the pair back, so it was not recorded. "
            "Here is the pair again."
        )
    if assignment.state == State.EXPIRED:
        slot_retake(assignment)
    now = timezone.now()
    judgment = answer_record(
        campaign=campaign,
        assignment=assignment,
        user=user,
        answer=answer,
        took_ms=duration_ms(assignment.opened_at, now, answer.visible_ms),
    )
    if not FINISH.run(assignment=assignment.pk, judgment=judgment.pk, now=now):
        raise LabelError("This campaign was stopped a moment ago. Your answer was not recorded.")
    COUNT_ANSWER.run(standing=standing.pk)
    if assignment.purpose == Assignment.Purpose.QUALIFICATION:
        qualification_settle(campaign=campaign, standing=standing)
    else:
        pair_settle(campaign=campaign, campaign_pair_id=assignment.campaign_pair_id)
    return judgment


def assignment_lock(assignment_id: int, user: User) -> Assignment:
    """One of the person's own assignments, locked, with what recording an answer reads."""
    return ASSIGNMENT_LOCK.get(assignment=assignment_id, user=user.pk)


def slot_retake(assignment: Assignment) -> None:
    """Take a slot again for a turn whose lease ran out, if nobody needed it."""
    slot = None
    if assignment.purpose == Assignment.Purpose.MAIN:
        queued = CampaignPair.objects.select_for_update(no_key=True)
        campaign_pair = queued.get(pk=assignment.campaign_pair_id)
        if campaign_pair.slots_left == 0:
            raise LabelError(
                "Your time for that pair ran out and it was given to someone else, so your answer was not "
                "recorded. Nothing else is lost; here is your next pair."
            )
        slot = showings(campaign_pair).free_slot(campaign_pair.overlap)
        slot_count_down(campaign_pair)
    Assignment.objects.filter(pk=assignment.pk, state=State.EXPIRED).update(state=State.OPEN, slot=slot)
