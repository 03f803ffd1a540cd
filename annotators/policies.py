"""Which campaigns and assignments a member may reach. Whatever they may not is a 404."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from annotators.models import Assignment, Campaign
from curation.policies import Access


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
    mine = Assignment.objects.filter(annotator=access.user, campaign__project=access.project)
    assignment: Assignment = get_object_or_404(mine.select_related("campaign"), pk=pk)
    return assignment


def sees_names(access: Access, campaign: Campaign) -> bool:
    """Whether this member of the staff may see who said what in the campaign."""
    return access.is_researcher or campaign.names_shown


def person_names(campaign: Campaign, *, named: bool) -> dict[int, str]:
    """What to call each participant of the campaign; without names they are numbered as they joined."""
    people = campaign.participations.order_by("pk").values_list("user_id", "user__username")
    return {pk: name if named else f"Person {number}" for number, (pk, name) in enumerate(people, start=1)}
