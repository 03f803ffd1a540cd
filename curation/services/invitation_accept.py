"""Join a project by a link."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from curation.errors import CurationError
from curation.models import Invitation, Membership, Role, User

# Where a visitor's session notes the hash of the secret they came with: sign-up is open to them.
SESSION_KEY = "invitation"
RANK = {role: rank for rank, role in enumerate([Role.ANNOTATOR, Role.REVIEWER, Role.RESEARCHER, Role.OWNER])}


@transaction.atomic
def invitation_accept(*, invitation: Invitation, user: User) -> Membership:
    """Make the person a member, or raise their role to the invited one; a use is counted only then.

    Raises CurationError when the invitation lets nobody in any more. Its row is locked first, so one person
    who follows the link twice at once is counted once.
    """
    invitation = Invitation.objects.select_for_update().select_related("project").get(pk=invitation.pk)
    standing = membership_standing(invitation, user)
    if standing is not None:
        return standing
    counted = Invitation.objects.usable(timezone.now()).filter(pk=invitation.pk)
    if not counted.update(n_uses=F("n_uses") + 1):
        raise CurationError("This invitation lets nobody in any more. Ask whoever sent it for another one.")
    role = Role(invitation.role)
    membership, joined = Membership.objects.get_or_create(
        project=invitation.project, user=user, defaults={"role": role}
    )
    if not joined:
        lower = [each for each in RANK if RANK[each] < RANK[role]]
        Membership.objects.filter(pk=membership.pk, role__in=lower).update(role=role)
        membership.refresh_from_db(fields=["role"])
    return membership


def membership_standing(invitation: Invitation, user: User) -> Membership | None:
    """The person's membership if it is as high as the invited role; None if the invitation gives more."""
    mine = Membership.objects.filter(project=invitation.project_id, user=user).first()
    return mine if mine and RANK[Role(mine.role)] >= RANK[Role(invitation.role)] else None
