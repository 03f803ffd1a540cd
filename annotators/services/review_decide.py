"""Decide a pair on which people disagree."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from annotators.answers import Choice
from annotators.errors import ReviewError
from annotators.models import CampaignPair, Review
from curation.models import Judgment, Membership, Role, User
from curation.models.judgments import Side
from curation.services.judgment_record import judgment_record
from curation.services.rater_get import person_rater

State = CampaignPair.Review


@transaction.atomic
def review_decide(
    *, campaign_pair: CampaignPair, user: User, choice: Choice, cause: str, note: str = ""
) -> Review:
    """Append the reviewer's judgment, with response a on the left, over their earlier one on this pair.

    A place that was asked for and not taken yet is closed. Raises ReviewError when the pair does not wait for
    a reviewer (of two who decide at once, one wins), or the reviewer answered it themself.
    """
    if answered_by(campaign_pair, user) and not is_owner(campaign_pair, user):
        raise ReviewError(OWN_ANSWER)
    waiting = CampaignPair.objects.filter(pk=campaign_pair.pk, review__in=[State.OPEN, State.RETURNED])
    if not waiting.update(review=State.DECIDED, overlap=F("overlap") - F("slots_left"), slots_left=0):
        raise ReviewError(why_not(campaign_pair, user))
    rater = person_rater(project=campaign_pair.campaign.project, user=user)
    guideline = campaign_pair.campaign.guidelines.first()
    judgment = judgment_record(
        pair=campaign_pair.pair,
        rater=rater,
        left=Side.A,
        outcome=choice.outcome,
        preference=choice.preference,
        rationale=note,
        guideline=guideline.number if guideline else None,
        source=Judgment.Source.ADJUDICATED,
        supersedes=Judgment.objects.filter(
            pair=campaign_pair.pair, rater=rater, source=Judgment.Source.ADJUDICATED, superseded_by=None
        ).first(),
    )
    return Review.objects.create(
        campaign_pair=campaign_pair,
        reviewer=user,
        act=Review.Act.DECIDED,
        cause=cause,
        note=note,
        judgment=judgment,
    )


OWN_ANSWER = (
    "You answered this pair yourself, so its decision is left to another reviewer or an owner. "
    "You can send it to one more person."
)


def answered_by(campaign_pair: CampaignPair, user: User) -> bool:
    """Whether the person said which response is better, in any campaign."""
    theirs = Judgment.objects.current().filter(pair=campaign_pair.pair_id, rater__user=user)
    by_labelling = theirs.filter(source=Judgment.Source.CAMPAIGN).exclude(outcome=Judgment.Outcome.SKIP)
    return bool(by_labelling.exists())


def is_owner(campaign_pair: CampaignPair, user: User) -> bool:
    project = campaign_pair.campaign.project_id
    return Membership.objects.filter(project=project, user=user, role=Role.OWNER).exists()


def why_not(campaign_pair: CampaignPair, user: User) -> str:
    """Why the pair does not wait for a reviewer now."""
    campaign_pair.refresh_from_db(fields=["review"])
    last = campaign_pair.reviews.select_related("reviewer").first()
    if campaign_pair.review == State.NONE or last is None:
        return "This pair does not wait for a reviewer: somebody changed their answer. Nothing was recorded."
    who = "You have" if last.reviewer_id == user.pk else f"{last.reviewer} has"
    did = "sent it to one more person" if campaign_pair.review == State.RETURNED else "decided it"
    return f"{who} {did} already, so nothing was recorded now. The page shows where the pair stands."
