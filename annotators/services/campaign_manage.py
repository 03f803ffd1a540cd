"""Move a campaign through draft, running, paused and closed."""

from __future__ import annotations

from django.db import transaction

from annotators.errors import CampaignError
from annotators.models import Assignment, Campaign
from annotators.services.turns import slots_recount

State = Campaign.State


def campaign_start(*, campaign: Campaign) -> Campaign:
    """Run a draft, resume a paused campaign, or reopen a closed one."""
    return campaign_move(campaign, State.RUNNING, from_states=[State.DRAFT, State.PAUSED, State.CLOSED])


def campaign_pause(*, campaign: Campaign) -> Campaign:
    """Take no answers for now; pairs on people's screens stay theirs until their leases run out."""
    return campaign_move(campaign, State.PAUSED, from_states=[State.RUNNING])


@transaction.atomic
def campaign_close(*, campaign: Campaign) -> Campaign:
    """Take no more answers, and take back the pairs that people hold: they are told at their next key."""
    closed = campaign_move(campaign, State.CLOSED, from_states=[State.RUNNING, State.PAUSED])
    assignments_return(campaign)
    return closed


def assignments_return(campaign: Campaign) -> int:
    """Expire everything that is open and give the slots back; returns how many. Call in a transaction.

    An answer that is being recorded right now is waited for: it wins, and its assignment is done.
    """
    still_open = Assignment.objects.filter(campaign=campaign, state=Assignment.State.OPEN).order_by("pk")
    rows = dict(still_open.select_for_update().values_list("pk", "campaign_pair_id"))
    Assignment.objects.filter(pk__in=rows).update(state=Assignment.State.EXPIRED)
    slots_recount(campaign_pair_ids=list(rows.values()))
    return len(rows)


def campaign_move(campaign: Campaign, to: State, *, from_states: list[State]) -> Campaign:
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=from_states).update(state=to)
    campaign.refresh_from_db(fields=["state"])
    if not moved:
        raise CampaignError(
            f"“{campaign.name}” is {campaign.get_state_display().lower()}, so it cannot become "
            f"{to.label.lower()}. Reload the page to see where it stands."
        )
    return campaign
