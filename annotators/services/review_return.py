"""Ask one more person about a pair."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from annotators.errors import ReviewError
from annotators.models import Assignment, Campaign, CampaignPair, Participation, Review
from annotators.services.review_decide import why_not
from curation.models import User

MAX_ASKED = 12  # people on one pair, returns included
State = CampaignPair.Review


@transaction.atomic
def review_return(*, campaign_pair: CampaignPair, user: User, note: str = "") -> Review:
    """Open one more place; the pair comes back to the queue once it is answered.

    Raises ReviewError when the campaign takes no answers, nobody is left to ask, enough were asked, or the
    pair does not wait for a reviewer.
    """
    campaign = campaign_pair.campaign
    if campaign.state != Campaign.State.RUNNING:
        raise ReviewError(
            f"“{campaign.name}” is {campaign.get_state_display().lower()}, so nobody can be asked. "
            "Decide the pair, or have the campaign resumed first."
        )
    if not people_left(campaign_pair).exclude(pk=user.pk).exists():
        raise ReviewError(
            "Nobody is left who could answer: everyone who may take part has answered this pair or holds it. "
            "Decide it, or have another person added to the campaign."
        )
    waiting = CampaignPair.objects.filter(pk=campaign_pair.pk, review=State.OPEN)
    if not waiting.filter(overlap__lt=MAX_ASKED).update(
        review=State.RETURNED, overlap=F("overlap") + 1, slots_left=F("slots_left") + 1
    ):
        enough = f"{MAX_ASKED} people were asked about this pair already. Decide it."
        raise ReviewError(enough if waiting.exists() else why_not(campaign_pair, user))
    return Review.objects.create(
        campaign_pair=campaign_pair, reviewer=user, act=Review.Act.RETURNED, cause="", note=note
    )


def people_left(campaign_pair: CampaignPair) -> QuerySet[User]:
    """Who may take part in the campaign and neither holds nor has answered the pair."""
    campaign = campaign_pair.campaign
    has_it = Assignment.objects.holding().filter(campaign_pair=campaign_pair, annotator=OuterRef("pk"))
    standing = Participation.objects.filter(campaign=campaign, user=OuterRef("pk"))
    barred = standing.filter(state__in=[Participation.State.PAUSED, Participation.State.FAILED])
    members = User.objects.filter(memberships__project=campaign.project_id, is_active=True)
    able = members.filter(~Exists(has_it), ~Exists(barred))
    return able.filter(Exists(standing)) if campaign.invited_only else able
