"""Find the next gold pair for a person: for a qualification round, or mixed in among the others."""

from __future__ import annotations

from django.db.models import TextField, Value
from django.db.models.functions import MD5, Cast, Concat

from annotators.models import Assignment, Campaign, CampaignPair, Participation


def gold_claim(
    *, campaign: Campaign, standing: Participation, purpose: Assignment.Purpose
) -> CampaignPair | None:
    """A gold pair this person has not met in the campaign, in an order of their own; None when all are used.

    A qualification round has `qualification_size` turns, or fewer where there are not as many gold pairs.
    """
    if purpose == Assignment.Purpose.QUALIFICATION:
        taken = Assignment.objects.in_round(standing).holding().count()
        if taken >= campaign.qualification_size:
            return None
    own_order = MD5(Concat(Value(f"{standing.user_id}:", output_field=TextField()), Cast("pk", TextField())))
    unmet = campaign.campaign_pairs.gold_for(standing.user)
    found: CampaignPair | None = unmet.order_by(own_order).first()
    return found
