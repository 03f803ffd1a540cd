"""Move a campaign through draft, running, paused and closed."""

from __future__ import annotations

from annotators.errors import CampaignError
from annotators.models import Campaign

State = Campaign.State


def campaign_start(*, campaign: Campaign) -> Campaign:
    """Run a draft, resume a paused campaign, or reopen a closed one."""
    return campaign_move(campaign, State.RUNNING, from_states=[State.DRAFT, State.PAUSED, State.CLOSED])


def campaign_pause(*, campaign: Campaign) -> Campaign:
    """Take no answers for now; pairs on people's screens stay theirs until their leases run out."""
    return campaign_move(campaign, State.PAUSED, from_states=[State.RUNNING])


def campaign_close(*, campaign: Campaign) -> Campaign:
    """Take no more answers."""
    return campaign_move(campaign, State.CLOSED, from_states=[State.RUNNING, State.PAUSED])


def campaign_move(campaign: Campaign, to: State, *, from_states: list[State]) -> Campaign:
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=from_states).update(state=to)
    campaign.refresh_from_db(fields=["state"])
    if not moved:
        raise CampaignError(
            f"“{campaign.name}” is {campaign.get_state_display().lower()}, so it cannot become "
            f"{to.label.lower()}. Reload the page to see where it stands."
        )
    return campaign
