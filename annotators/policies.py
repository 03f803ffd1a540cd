"""Which campaigns and assignments a member may reach. Whatever they may not is a 404."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from annotators.models import Assignment, Campaign, CampaignPair
from config.compiled import Compiled, Given
from curation.policies import Access

OWN_ASSIGNMENT: Compiled[Assignment] = Compiled(
    lambda: Assignment.objects.filter(
        pk=Given("assignment"), annotator=Given("user"), campaign__project=Given("project")
    ).select_related("campaign")
)


def project_campaign(access: Access, pk: int) -> Campaign:
    """Any campaign of the project, drafts too; for pages behind `reviewer_access` or stricter."""
    campaign: Campaign = get_object_or_404(Campaign, pk=pk, project=access.project)
    return campaign


def labelling_campaign(access: Access, pk: int) -> Campaign:
    """A campaign that has been put before people; a draft is none of an annotator's business."""
    begun = Campaign.objects.exclude(state=Campaign.State.DRAFT)
    campaign: Campaign = get_object_or_404(begun, pk=pk, project=access.project)
    return campaign


def own_assignment(access: Access, pk: int) -> Assignment:
    """One of the member's own assignments; nobody, not even an owner, answers for another."""
    assignment = OWN_ASSIGNMENT.first(assignment=pk, user=access.user.pk, project=access.project.pk)
    if assignment is None:
        raise Http404("No such assignment.")
    return assignment


def queued_pair(access: Access, pk: int) -> CampaignPair:
    """A pair of a campaign's queue, for pages behind `reviewer_access`; gold pairs are not reviewed."""
    queued = CampaignPair.objects.filter(gold=None, campaign__project=access.project)
    with_texts = queued.select_related(
        "campaign__project", "pair__prompt", "pair__response_a", "pair__response_b"
    )
    campaign_pair: CampaignPair = get_object_or_404(with_texts, pk=pk)
    return campaign_pair


def sees_names(access: Access, campaign: Campaign) -> bool:
    """Whether this member learns who said what: those who run campaigns do, reviewers where it says so."""
    return access.is_researcher or campaign.names_shown


def may_reopen(access: Access, reviewer_id: int) -> bool:
    """A decision is taken back by whoever made it, or by those who run campaigns."""
    return access.is_researcher or reviewer_id == access.user.pk


def person_names(campaign: Campaign, *, named: bool) -> dict[int, str]:
    """What to call each participant of the campaign; without names they are numbered as they joined."""
    people = campaign.participations.order_by("pk").values_list("user_id", "user__username")
    return {pk: name if named else f"Person {number}" for number, (pk, name) in enumerate(people, start=1)}
