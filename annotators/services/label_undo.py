"""Take the last answer back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotators.errors import LabelError
from annotators.models import Assignment, Campaign, CampaignPair, Participation
from annotators.services.answer_record import implied_withdraw, withdrawal
from annotators.services.turns import lease_end, participation_lock, refuse_unless_running
from curation.models import User
from curation.services.rater_get import person_rater

State = Assignment.State
Review = CampaignPair.Review
DEPTH = 20  # how many answers may be taken back one after another before they are given again


@transaction.atomic
def label_undo(*, campaign: Campaign, user: User) -> Assignment:
    """Take back the person's last answer in the campaign and reopen it: same sides, same slot, new lease.

    The answer stays on record, superseded by a withdrawal, which the next answer supersedes in turn.
    Raises LabelError when there is nothing to take back, the person may not take part, or the campaign is
    not running. An answer of a qualification round stands: its feedback was seen.
    """
    refuse_unless_running(campaign)
    standing = participation_lock(campaign=campaign, user=user)
    mine = Assignment.objects.filter(campaign=campaign, annotator=user).exclude(
        purpose=Assignment.Purpose.QUALIFICATION
    )
    if mine.filter(state=State.OPEN, reopened_at__isnull=False).count() >= DEPTH:
        raise LabelError(f"You took back {DEPTH} answers already. Answer those again first.")
    assignment: Assignment | None = (
        mine.answered().select_for_update(of=("self",)).select_related("pair__prompt", "judgment").first()
    )
    if assignment is None or assignment.judgment is None:
        raise LabelError("There is no answer of yours to take back in this campaign.")
    rater = person_rater(project=campaign.project, user=user)
    implied_withdraw(assignment, rater)
    now = timezone.now()
    Assignment.objects.filter(pk=assignment.pk, state=State.DONE).update(
        state=State.OPEN,
        judgment=withdrawal(assignment.pair, rater, assignment.judgment),
        answered_at=None,
        opened_at=now,
        reopened_at=now,
        leased_until=lease_end(campaign, now),
        turn=F("turn") + 1,
    )
    Participation.objects.filter(pk=standing.pk).update(n_answered=F("n_answered") - 1)
    unsettle(assignment)
    return assignment


def unsettle(assignment: Assignment) -> None:
    """The pair waits for an answer again, so its disagreement is unknown; a reviewer's decision stands."""
    undecided = CampaignPair.objects.filter(pk=assignment.campaign_pair_id).exclude(review=Review.DECIDED)
    undecided.update(disagreement=None, review=Review.NONE)
