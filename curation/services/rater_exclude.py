"""Leave a rater's judgments out of every consensus, and take them back in. No judgment is touched."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from curation.errors import CurationError
from curation.models import Rater, RaterExclusion, User

REASON_LENGTH = 300


def rater_exclude(*, rater: Rater, user: User, reason: str) -> RaterExclusion:
    """From now on the rater counts in no consensus, recipe or agreement. Raises CurationError without a
    reason, or where they are left out already."""
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        raise CurationError(f"Say why in 1 to {REASON_LENGTH} characters; the reason goes on dataset cards.")
    try:
        with transaction.atomic():
            return RaterExclusion.objects.create(rater=rater, reason=reason, created_by=user)
    except IntegrityError as error:
        raise CurationError(f"{rater} is left out already; nothing was changed.") from error


def rater_include(*, rater: Rater, user: User) -> None:
    """Count the rater's judgments again, all of them. Raises CurationError where nothing left them out."""
    standing = RaterExclusion.objects.standing().filter(rater=rater)
    if not standing.update(lifted_at=timezone.now(), lifted_by=user):
        raise CurationError(f"{rater} counts already; nothing was changed.")
