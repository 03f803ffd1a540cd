"""The campaigns that are open for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from annotators.models import Campaign, Participation
from annotators.services.turns import BARRED
from annotators.standing import LEFT_COUNTED, left_to_claim
from curation.models import Project, User


@dataclass(frozen=True)
class OpenCampaign:
    """A running campaign, and where the person stands in it."""

    campaign: Campaign
    state: Participation.State | None
    n_mine: int
    n_left: int

    @property
    def is_bounded(self) -> bool:
        return self.n_left > LEFT_COUNTED

    @property
    def left_shown(self) -> int:
        return min(self.n_left, LEFT_COUNTED)

    @property
    def barred(self) -> str:
        """Why there is nothing for them here, in a few words."""
        return str(self.state.label) if self.state in BARRED else ""


def open_campaigns(project: Project, user: User) -> list[OpenCampaign]:
    """The running campaigns that the person may take part in."""
    running = project.campaigns.filter(state=Campaign.State.RUNNING).with_standing(user)
    theirs = running.filter(Q(invited_only=False) | Q(standing__isnull=False)).order_by("pk")
    return [
        OpenCampaign(
            campaign=campaign,
            state=Participation.State(campaign.standing) if campaign.standing else None,
            n_mine=campaign.n_mine,
            n_left=turns_left_in(campaign, user),
        )
        for campaign in theirs
    ]


def turns_left_in(campaign: Any, user: User) -> int:
    """Turns left for the person in a campaign of `with_standing`; none where they may not answer."""
    if campaign.standing in BARRED:
        return 0
    newcomer = campaign.standing is None and campaign.qualification_size
    if newcomer or campaign.standing == Participation.State.QUALIFYING:
        return max(0, int(campaign.qualification_size - campaign.n_mine))
    return int(campaign.n_held) + left_to_claim(
        campaign,
        user,
        n_claimable=campaign.n_claimable,
        n_gold=campaign.n_gold,
        n_opened=campaign.n_opened,
    )
