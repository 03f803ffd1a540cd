"""Give a person their next turn: the one they hold, or else the next pair with a free slot."""

from __future__ import annotations

import random

from django.db import transaction
from django.db.models import F, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotators.algorithms.assignment import draw_left, gold_turn
from annotators.models import Assignment, Campaign, CampaignPair, Participation
from annotators.services.gold_claim import gold_claim
from annotators.services.turns import (
    gold_seed,
    lease_end,
    participation_lock,
    refuse_unless_running,
    showings,
    slot_count_down,
    slots_recount,
)
from curation.models import User
from curation.models.judgments import Side

State = Assignment.State
Purpose = Assignment.Purpose


def assignment_claim(*, campaign: Campaign, user: User, have: int | None = None) -> Assignment | None:
    """The person's open assignment, or a new one; None when nothing is left for them.

    `have` is an open assignment that their page already shows: they get the one that comes after it, so a
    person holds two at most beside those they took back. A reload gives the same assignment and the same
    sides, and renews a lease that ran out while nobody else needed the slot. Raises LabelError when the
    campaign is not running or the person may not take part.
    """
    refuse_unless_running(campaign)
    leases_expire(campaign=campaign, keep_for=user)
    for wait in (False, True):
        # Two transactions: a row that turns out to be full stays locked to the end of its transaction, and
        # whoever waits for one row while holding such another, out of order, ends in a deadlock.
        with transaction.atomic():
            standing = participation_lock(campaign=campaign, user=user)
            assignment_id = held_assignment(campaign, user, have) or next_assignment(
                campaign, standing, wait=wait
            )
        if assignment_id is not None:
            assignment: Assignment = Assignment.objects.with_texts().get(pk=assignment_id)
            return assignment
    return None


def leases_expire(*, campaign: Campaign, keep_for: User | None = None) -> int:
    """Mark leases that ran out as expired and give their slots back; returns how many.

    Rows that are being answered right now are locked, and skipped: the answer wins.
    """
    lapsed = Assignment.objects.filter(campaign=campaign).lapsed(timezone.now())
    if keep_for is not None:
        lapsed = lapsed.exclude(annotator=keep_for)
    if not lapsed.exists():
        return 0
    with transaction.atomic():
        rows = dict(lapsed.select_for_update(skip_locked=True).values_list("pk", "campaign_pair_id"))
        expired: int = Assignment.objects.filter(pk__in=rows, state=State.OPEN).update(state=State.EXPIRED)
        slots_recount(campaign_pair_ids=list(rows.values()))
    return expired


def held_assignment(campaign: Campaign, user: User, have: int | None) -> int | None:
    """What the person has open, after `have`: answers they took back first, the latest before the others."""
    now = timezone.now()
    mine = Assignment.objects.filter(campaign=campaign, annotator=user, state=State.OPEN)
    for assignment in mine.exclude(pk=have).order_by(
        F("reopened_at").desc(nulls_last=True), "opened_at", "pk"
    ):
        still_mine = assignment.leased_until >= now or mine.filter(pk=assignment.pk).update(
            leased_until=lease_end(campaign, now), opened_at=now
        )
        if still_mine:
            return int(assignment.pk)
    return None


def next_assignment(campaign: Campaign, standing: Participation, *, wait: bool) -> int | None:
    """Open a turn at the next pair: one that checks the person when its turn has come, else the queue's."""
    qualifying = standing.state == Participation.State.QUALIFYING
    seed = gold_seed(campaign, standing.user_id)
    if qualifying or gold_turn(standing.n_opened, campaign.gold_share, seed):
        purpose = Purpose.QUALIFICATION if qualifying else Purpose.GOLD
        gold_pair = gold_claim(campaign=campaign, standing=standing, purpose=purpose)
        if gold_pair is not None:
            return assignment_open(campaign, gold_pair, standing, purpose)
        if qualifying:
            return None
    campaign_pair = next_in_queue(campaign, standing.user, wait=wait)
    return assignment_open(campaign, campaign_pair, standing, Purpose.MAIN) if campaign_pair else None


def next_in_queue(campaign: Campaign, user: User, *, wait: bool) -> CampaignPair | None:
    """The next claimable pair, locked: onwards from the person's last answer, then from the start.

    Without `wait`, rows that others are claiming are skipped, so nobody queues up. With it they are waited
    for, in order of position, so that the last free slots of a campaign are not overlooked.
    """
    queue = campaign.campaign_pairs.claimable_by(user).order_by("position")
    queue = queue.select_for_update(of=("self",), no_key=True, skip_locked=not wait)
    found: CampaignPair | None = None
    if not wait:
        last = Assignment.objects.filter(campaign=campaign, annotator=user, slot__isnull=False).answered()
        position = Subquery(last.values("campaign_pair__position")[:1])
        found = queue.filter(position__gt=Coalesce(position, 0)).first()
    return found or queue.first()


def assignment_open(
    campaign: Campaign, campaign_pair: CampaignPair, standing: Participation, purpose: Purpose
) -> int:
    """Open the person's turn at a locked pair; a turn that once expired keeps its sides."""
    now = timezone.now()
    shown = showings(campaign_pair)
    takes_slot = purpose == Purpose.MAIN
    turn = {
        "purpose": purpose,
        "slot": shown.free_slot(campaign_pair.overlap) if takes_slot else None,
        "state": State.OPEN,
        "opened_at": now,
        "leased_until": lease_end(campaign, now),
        "guideline": campaign.guidelines.first(),
    }
    if takes_slot:
        slot_count_down(campaign_pair)
    if standing.user_id in shown.expired_for:
        mine = Assignment.objects.filter(campaign_pair=campaign_pair, annotator_id=standing.user_id)
        mine.filter(state=State.EXPIRED).update(**turn, turn=F("turn") + 1)
        return int(mine.values_list("pk", flat=True).get())
    seen = draw_left(
        shown.a_left,
        shown.b_left,
        standing.n_left_a,
        standing.n_opened - standing.n_left_a,
        coin=random.random() < 0.5,  # noqa: S311 -- a side to show, not a secret
    )
    order = response_order(campaign_pair)
    left = Side(seen) if order is None else first_listed(campaign_pair, order)
    assignment = Assignment.objects.create(
        **turn,
        campaign=campaign,
        campaign_pair=campaign_pair,
        pair_id=campaign_pair.pair_id,
        annotator_id=standing.user_id,
        left=left,
        order=order,
    )
    Participation.objects.filter(pk=standing.pk).update(
        n_opened=F("n_opened") + 1, n_left_a=F("n_left_a") + int(left == Side.A)
    )
    return int(assignment.pk)


def response_order(campaign_pair: CampaignPair) -> list[int] | None:
    """In which order a ranking lists its responses; None for a pair."""
    if campaign_pair.responses is None:
        return None
    order = list(campaign_pair.responses)
    random.shuffle(order)
    return order


def first_listed(campaign_pair: CampaignPair, order: list[int]) -> Side:
    pair = campaign_pair.pair
    return Side.A if order.index(pair.response_a_id) < order.index(pair.response_b_id) else Side.B
