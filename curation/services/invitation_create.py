"""Invite people by a link."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.utils import timezone

from curation.algorithms.fingerprints import sha256_hex
from curation.models import Invitation, Project, User


def invitation_create(
    *, project: Project, user: User, role: str, note: str = "", days: int = 7, max_uses: int = 1
) -> tuple[Invitation, str]:
    """The invitation and its secret, which is kept nowhere: whoever loses it needs another invitation."""
    secret = secrets.token_urlsafe(32)
    invitation = Invitation(
        project=project,
        role=role,
        note=note,
        token_hash=sha256_hex(secret),
        max_uses=max_uses,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=days),
    )
    invitation.full_clean(exclude=["project", "created_by"])
    invitation.save()
    return invitation, secret
