"""Bring a member of the project into a campaign."""

from __future__ import annotations

from django.db.models import Q

from annotators.errors import ParticipationError
from annotators.models import Campaign, Participation
from annotators.services.turns import first_state
from curation.models import User


def participation_add(*, campaign: Campaign, identifier: str) -> Participation:
    """Add the member with this user name or e-mail address. Raises ParticipationError with what to do."""
    named = identifier.strip()
    members = User.objects.filter(memberships__project=campaign.project_id, is_active=True)
    found = list(members.filter(Q(username=named) | Q(email__iexact=named))[:2]) if named else []
    if not found:
        raise ParticipationError(
            f"Nobody in this project has the user name or e-mail address “{named}”. Check the spelling, or "
            "ask an owner to add or invite them to the project first."
        )
    if len(found) > 1:
        raise ParticipationError(f"Several members match “{named}”. Use the user name instead.")
    standing, added = Participation.objects.get_or_create(
        campaign=campaign, user=found[0], defaults={"state": first_state(campaign)}
    )
    if not added:
        raise ParticipationError(f"{found[0]} takes part in this campaign already.")
    return standing
