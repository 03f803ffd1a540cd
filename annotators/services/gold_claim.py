"""Find the next gold pair for a person: for a qualification round, or mixed in among the others."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, TextField, Value
from django.db.models.functions import MD5, Cast, Concat

from annotators.models import Assignment, Campaign, CampaignPair, Participation


def gold_claim(
    *, campaign: Campaign, standing: Participation, purpose: Assignment.Purpose
) -> CampaignPair | None:
    """A gold pair this person has not met in the campaign, in an order of their own; None when all are used.

    A qualification round has `qualification_size` turns, or fewer where there are not as many gold pairs.
    """
    met = Assignment.objects.filter(campaign_pair=OuterRef("pk"), annotator_id=standing.user_id)
    if purpose == Assignment.Purpose.QUALIFICATION:
        taken = Assignment.objects.filter(
            campaign=campaign, annotator_id=standing.user_id, purpose=purpose
        ).count()
        if taken >= campaign.qualification_size:
            return None
    own_order = MD5(Concat(Value(f"{standing.user_id}:", output_field=TextField()), Cast("pk", TextField())))
    unseen = campaign.campaign_pairs.filter(~Exists(met), gold__isnull=False, gold__retired_at=None)
    found: CampaignPair | None = unseen.order_by(own_order).first()
    return found
