"""Take a reviewer's decision back."""

from __future__ import annotations

from django.db import transaction

from annotators.errors import ReviewError
from annotators.models import CampaignPair, Review
from curation.models import Judgment
from curation.services.judgment_record import judgment_record

State = CampaignPair.Review


@transaction.atomic
def review_reopen(*, review: Review) -> None:
    """Put the pair back into the queue. The decision stays on record, superseded by a withdrawal.

    Raises ReviewError when that decision is not the one in force.
    """
    decided = CampaignPair.objects.filter(pk=review.campaign_pair_id, review=State.DECIDED)
    in_force = Review.objects.standing().filter(pk=review.pk).exists()
    if not in_force or not decided.update(review=State.OPEN):
        raise ReviewError("That decision was taken back already. The page shows where the pair stands.")
    made = Judgment.objects.select_related("pair__prompt", "rater").get(review=review)
    if Judgment.objects.filter(supersedes=made).exists():
        return  # the reviewer decided the same pair again in another campaign: that decision stands
    judgment_record(
        pair=made.pair,
        rater=made.rater,
        left=made.left,
        outcome=Judgment.Outcome.WITHDRAWN,
        source=Judgment.Source.ADJUDICATED,
        supersedes=made,
    )
