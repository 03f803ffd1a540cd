"""Decide who is in a project. A project always keeps an owner."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q

from curation.errors import CurationError
from curation.models import Membership, Project, Role, User


def membership_add(*, project: Project, identifier: str, role: str) -> Membership:
    """Add the person with this user name or e-mail address. Raises CurationError with what to do instead."""
    user = _find_user(identifier.strip())
    try:
        with transaction.atomic():
            return Membership.objects.create(project=project, user=user, role=Role(role))
    except IntegrityError as error:
        raise CurationError(
            f"{user} is already in this project. Change their role in the list instead."
        ) from error


@transaction.atomic
def membership_change(*, membership: Membership, role: str) -> Membership:
    """Give a member another role. Raises CurationError if that would leave no owner."""
    owners = _lock_owners(membership.project)
    if role != Role.OWNER and owners == [membership.pk]:
        raise CurationError(_last_owner(membership))
    Membership.objects.filter(pk=membership.pk).update(role=Role(role))
    membership.role = Role(role)
    return membership


@transaction.atomic
def membership_remove(*, membership: Membership) -> None:
    """Take a member out; what they wrote stays. Raises CurationError if that would leave no owner."""
    if _lock_owners(membership.project) == [membership.pk]:
        raise CurationError(_last_owner(membership))
    Membership.objects.filter(pk=membership.pk).delete()


def _find_user(identifier: str) -> User:
    found = list(
        User.objects.filter(Q(username=identifier) | Q(email__iexact=identifier), is_active=True)[:2]
        if identifier
        else []
    )
    if not found:
        raise CurationError(
            f"Nobody here has the user name or e-mail address “{identifier}”. "
            "Check the spelling, or ask the operator to create the account first."
        )
    if len(found) > 1:
        raise CurationError(f"Several accounts match “{identifier}”. Use the user name instead.")
    return found[0]


def _lock_owners(project: Project) -> list[int]:
    """The ids of the owners' rows, locked: two owners leaving at once must not both succeed."""
    owners = Membership.objects.select_for_update().filter(project=project, role=Role.OWNER)
    return list(owners.order_by("pk").values_list("pk", flat=True))


def _last_owner(membership: Membership) -> str:
    return f"{membership.user} is the only owner. Make somebody else an owner first."
