"""Withdraw an invitation."""

from __future__ import annotations

from django.utils import timezone

from curation.errors import CurationError
from curation.models import Invitation


def invitation_revoke(*, invitation: Invitation) -> None:
    """Let nobody else in by this link; whoever came by it stays. Raises CurationError if it was withdrawn."""
    open_ones = Invitation.objects.filter(pk=invitation.pk, revoked_at=None)
    if not open_ones.update(revoked_at=timezone.now()):
        raise CurationError("This invitation was withdrawn already.")
