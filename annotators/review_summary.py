"""What reviewers' decisions say about a campaign: why people disagree, where, and who slips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery

from annotators.models import Assignment, Campaign, CampaignPair, Review
from annotators.querysets import said
from curation.policies import Access

State = CampaignPair.Review


@dataclass(frozen=True)
class ReviewCounts:
    """`people` holds those whose names this member may see, with `n_slips` of `n_answers` decided pairs."""

    by_state: dict[str, int]
    by_cause: list[tuple[str, str, int]]
    by_category: list[dict[str, Any]]
    people: list[dict[str, Any]]
    people_hidden: bool


def review_counts(access: Access, campaign: Campaign | None) -> ReviewCounts:
    """Over one campaign, or all of the project."""
    campaigns = Campaign.objects.filter(project=access.project)
    campaigns = campaigns.filter(pk=campaign.pk) if campaign else campaigns
    pairs = CampaignPair.objects.filter(campaign__in=campaigns, gold=None).exclude(review=State.NONE)
    decisions = Review.objects.standing().filter(campaign_pair__campaign__in=campaigns).order_by()
    named = campaigns if access.is_researcher else campaigns.filter(names_shown=True)
    causes = dict(decisions.values_list("cause").annotate(n=Count("pk")).values_list("cause", "n"))
    return ReviewCounts(
        by_state=dict(pairs.order_by().values_list("review").annotate(n=Count("pk"))),
        by_cause=[(cause.value, str(cause.label), causes.get(cause.value, 0)) for cause in Review.Cause],
        by_category=per_category(pairs),
        people=slips_per_person(named),
        people_hidden=named.count() < campaigns.count(),
    )


def per_category(pairs: Any) -> list[dict[str, Any]]:
    """Pairs waiting and decided by the prompt's category, most first."""
    counted = (
        pairs.order_by()
        .values("pair__prompt__category")
        .annotate(
            n_waiting=Count("pk", filter=Q(review=State.OPEN)),
            n_decided=Count("pk", filter=Q(review=State.DECIDED)),
        )
    )
    return list(counted.order_by("-n_decided", "-n_waiting", "pair__prompt__category"))


def slips_per_person(campaigns: Any) -> list[dict[str, Any]]:
    """How often a person differs from a decision whose cause was a slip, out of their decided answers."""
    standing = Review.objects.standing().filter(campaign_pair=OuterRef("campaign_pair"))
    slip = standing.filter(cause=Review.Cause.SLIP).annotate(decided=said("judgment"))
    answers = Assignment.objects.filter(
        state=Assignment.State.DONE,
        campaign_pair__campaign__in=campaigns,
        campaign_pair__review=State.DECIDED,
    ).annotate(said=said("judgment"), slip=Subquery(slip.values("decided")))
    differs = Q(slip__isnull=False) & ~Q(said="skip") & ~Q(said=F("slip"))
    people = (
        answers.order_by()
        .values("annotator_id", "annotator__username")
        .annotate(n_answers=Count("pk"), n_slips=Count("pk", filter=differs))
    )
    return list(people.filter(n_slips__gt=0).order_by("-n_slips", "annotator__username"))
