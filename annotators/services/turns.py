"""What claiming, answering and undoing share: whose turn it is, and which slot it takes.

Locks are always taken in the order person, assignment, campaign pair, and campaign pairs by position, so
no two requests can deadlock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, OuterRef

from annotators.errors import LabelError
from annotators.models import Assignment, Campaign, CampaignPair
from annotators.querysets import count_of
from curation.models import Membership, User

STOPPED = {
    Campaign.State.DRAFT: "This campaign has not started yet.",
    Campaign.State.PAUSED: "This campaign is paused. Answers are not taken until it is resumed.",
    Campaign.State.CLOSED: "This campaign is closed. Answers are no longer taken.",
}


def refuse_unless_running(campaign: Campaign) -> None:
    """Raise LabelError, saying why, when the campaign takes no answers."""
    if campaign.state != Campaign.State.RUNNING:
        raise LabelError(STOPPED[Campaign.State(campaign.state)])


def person_lock(*, campaign: Campaign, user: User) -> None:
    """One request of a person at a time in a project: two tabs must not claim two pairs."""
    Membership.objects.select_for_update(no_key=True).get(project=campaign.project_id, user=user)


def lease_end(campaign: Campaign, now: datetime) -> datetime:
    return now + timedelta(seconds=campaign.lease_seconds)


def slot_take(*, campaign_pair: CampaignPair, overlap: int) -> int:
    """The lowest free slot, counted as taken. The caller holds the pair's row lock and saw a free slot."""
    taken = set(
        Assignment.objects.filter(campaign_pair=campaign_pair).holding().values_list("slot", flat=True)
    )
    slot = min(set(range(1, overlap + 1)) - taken)
    CampaignPair.objects.filter(pk=campaign_pair.pk).update(slots_left=F("slots_left") - 1)
    return slot


def slots_recount(*, campaign: Campaign, campaign_pair_ids: list[int]) -> None:
    """Make `slots_left` true again after assignments let go of their slots; call inside a transaction."""
    pairs = CampaignPair.objects.filter(pk__in=campaign_pair_ids)
    # Locked in a statement of its own: the recount must start after every claim that held one of the rows.
    list(pairs.order_by("position").select_for_update(no_key=True).values_list("pk"))
    holding = Assignment.objects.filter(campaign_pair=OuterRef("pk")).holding()
    pairs.update(slots_left=campaign.overlap - count_of(holding, "campaign_pair"))
