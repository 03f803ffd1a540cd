"""Give a person their next pair: the one they hold, or else the next with a free slot."""

from __future__ import annotations

import random

from django.db import transaction
from django.utils import timezone

from annotators.models import Assignment, Campaign, CampaignPair
from annotators.services.turns import (
    lease_end,
    person_lock,
    refuse_unless_running,
    slot_take,
    slots_recount,
)
from curation.models import User
from curation.models.judgments import Side

State = Assignment.State


def assignment_claim(*, campaign: Campaign, user: User) -> Assignment | None:
    """The person's open assignment, or a new one; None when nothing is left for them.

    A reload gives the same assignment and the same sides, and renews a lease that ran out while nobody
    else needed the slot. Raises LabelError when the campaign is not running.
    """
    refuse_unless_running(campaign)
    leases_expire(campaign=campaign, keep_for=user)
    for wait in (False, True):
        # Two transactions: a row that turns out to be full stays locked to the end of its transaction, and
        # whoever waits for one row while holding such another, out of order, ends in a deadlock.
        with transaction.atomic():
            person_lock(campaign=campaign, user=user)
            assignment_id = held_assignment(campaign, user) or next_assignment(campaign, user, wait=wait)
        if assignment_id is not None:
            assignment: Assignment = Assignment.objects.with_texts().get(pk=assignment_id)
            return assignment
    return None


@transaction.atomic
def leases_expire(*, campaign: Campaign, keep_for: User | None = None) -> int:
    """Mark leases that ran out as expired and give their slots back; returns how many.

    Rows that are being answered right now are locked, and skipped: the answer wins.
    """
    lapsed = Assignment.objects.filter(campaign=campaign).lapsed(timezone.now())
    if keep_for is not None:
        lapsed = lapsed.exclude(annotator=keep_for)
    rows = dict(lapsed.select_for_update(skip_locked=True).values_list("pk", "campaign_pair_id"))
    if not rows:
        return 0
    expired: int = Assignment.objects.filter(pk__in=rows, state=State.OPEN).update(state=State.EXPIRED)
    slots_recount(campaign=campaign, campaign_pair_ids=list(rows.values()))
    return expired


def held_assignment(campaign: Campaign, user: User) -> int | None:
    """What the person has open; after an undo there are two, and the newest turn comes first."""
    now = timezone.now()
    mine = Assignment.objects.filter(campaign=campaign, annotator=user, state=State.OPEN)
    for assignment in mine.order_by("-opened_at"):
        still_mine = assignment.leased_until >= now or mine.filter(pk=assignment.pk).update(
            leased_until=lease_end(campaign, now), opened_at=now
        )
        if still_mine:
            return int(assignment.pk)
    return None


def next_assignment(campaign: Campaign, user: User, *, wait: bool) -> int | None:
    """Open the next pair of the queue, onwards from the person's last answer, then from the start.

    Without `wait`, rows that others are claiming are skipped, so nobody queues up. With it they are waited
    for, in order of position, so that the last free slots of a campaign are not overlooked.
    """
    queue = campaign.campaign_pairs.claimable_by(user).order_by("position")
    queue = queue.select_for_update(of=("self",), no_key=True, skip_locked=not wait)
    campaign_pair = None
    if not wait:
        last = Assignment.objects.filter(campaign=campaign, annotator=user).answered()
        position = last.values_list("campaign_pair__position", flat=True).first() or 0
        campaign_pair = queue.filter(position__gt=position).first()
    campaign_pair = campaign_pair or queue.first()
    return assignment_open(campaign, campaign_pair, user) if campaign_pair else None


def assignment_open(campaign: Campaign, campaign_pair: CampaignPair, user: User) -> int:
    """Open the person's turn at a locked pair; a turn that once expired keeps its sides."""
    now = timezone.now()
    turn = {
        "slot": slot_take(campaign_pair=campaign_pair, overlap=campaign.overlap),
        "state": State.OPEN,
        "opened_at": now,
        "leased_until": lease_end(campaign, now),
        "guideline": campaign.guidelines.first(),
    }
    assignment, created = Assignment.objects.get_or_create(
        campaign_pair=campaign_pair,
        annotator=user,
        defaults={
            **turn,
            "campaign": campaign,
            "pair_id": campaign_pair.pair_id,
            "left": random.choice(Side.values),  # noqa: S311 -- a side to show, not a secret
        },
    )
    if not created:
        Assignment.objects.filter(pk=assignment.pk, state=State.EXPIRED).update(**turn)
    return int(assignment.pk)
