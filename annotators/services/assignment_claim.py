"""Give a person their next turn: the one they hold, or else the next pair with a free slot."""

from __future__ import annotations

import random

from django.db import transaction
from django.db.models import F, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotators.algorithms.assignment import draw_left, gold_turn
from annotators.models import Assignment, Campaign, CampaignPair, Guideline, Participation
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
from annotators.turn_read import turn_read
from config.compiled import Compiled, CompiledUpdate, Given
from curation.models import User
from curation.models.judgments import Side

State = Assignment.State
Purpose = Assignment.Purpose

LAPSED = Compiled(
    lambda: (
        Assignment.objects.filter(campaign=Given("campaign"))
        .lapsed(Given("now"))
        .exclude(annotator=Given("keep_for"))
        .order_by()
        .values_list("pk")[:1]
    )
)
HELD = Compiled(
    lambda: (
        Assignment.objects.filter(campaign=Given("campaign"), annotator=Given("user"), state=State.OPEN)
        .order_by(F("reopened_at").desc(nulls_last=True), "opened_at", "pk")
        .values_list("pk", "leased_until")
    )
)
NEXT_IN_QUEUE = Compiled(
    lambda: after_their_last().select_for_update(of=("self",), no_key=True, skip_locked=True)[:1]
)
GUIDELINE = Compiled(lambda: Guideline.objects.filter(campaign=Given("campaign"))[:1])

COUNT_TURN = CompiledUpdate(
    lambda: Participation.objects.filter(pk=Given("standing")),
    n_opened=F("n_opened") + 1,
    n_left_a=F("n_left_a") + Given("left_a"),
)


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
            return turn_read(assignment_id)
    return None


def leases_expire(*, campaign: Campaign, keep_for: User | None = None) -> int:
    """Mark leases that ran out as expired and give their slots back; returns how many.

    Rows that are being answered right now are locked, and skipped: the answer wins.
    """
    now, kept = timezone.now(), keep_for.pk if keep_for else 0
    if not LAPSED.rows(campaign=campaign.pk, now=now, keep_for=kept):
        return 0
    lapsed = Assignment.objects.filter(campaign=campaign).lapsed(now).exclude(annotator=kept)
    with transaction.atomic():
        rows = dict(lapsed.select_for_update(skip_locked=True).values_list("pk", "campaign_pair_id"))
        expired: int = Assignment.objects.filter(pk__in=rows, state=State.OPEN).update(state=State.EXPIRED)
        slots_recount(campaign_pair_ids=list(rows.values()))
    return expired


def held_assignment(campaign: Campaign, user: User, have: int | None) -> int | None:
    """What the person has open, after `have`: answers they took back first, the latest before the others."""
    now = timezone.now()
    for pk, leased_until in HELD.rows(campaign=campaign.pk, user=user.pk):
        if pk == have:
            continue
        still_mine = leased_until >= now or Assignment.objects.filter(pk=pk, state=State.OPEN).update(
            leased_until=lease_end(campaign, now), opened_at=now
        )
        if still_mine:
            return int(pk)
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
    found = None if wait else NEXT_IN_QUEUE.first(campaign=campaign.pk, user=user.pk)
    if found is None:
        queue = claimable(campaign, user)
        found = queue.select_for_update(of=("self",), no_key=True, skip_locked=not wait).first()
    return found


def claimable(campaign: Campaign | Given, user: User | Given) -> QuerySet[CampaignPair]:
    """What the person may take, in the order of the queue."""
    return CampaignPair.objects.filter(campaign=campaign).claimable_by(user).order_by("position")


def after_their_last() -> QuerySet[CampaignPair]:
    """What the person may take beyond the pair they answered last."""
    campaign, user = Given("campaign"), Given("user")
    answered = Assignment.objects.filter(campaign=campaign, annotator=user, slot__isnull=False).answered()
    position = Subquery(answered.values("campaign_pair__position")[:1])
    return claimable(campaign, user).filter(position__gt=Coalesce(position, 0))


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
        "guideline": GUIDELINE.first(campaign=campaign.pk),
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
    COUNT_TURN.run(standing=standing.pk, left_a=int(left == Side.A))
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
