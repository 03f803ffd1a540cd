"""When the page that changes an answer was opened, in a form that the browser cannot forge."""

from __future__ import annotations

from datetime import datetime

from django.core import signing
from django.utils import timezone

from annotators.models import Assignment

OPENED = "annotators.edit"  # the salt of the time at which the page was opened


def opened_token(assignment: Assignment) -> str:
    """When the page was opened, signed: a correction is paid by its time, and must not claim more."""
    return signing.dumps([assignment.pk, timezone.now().isoformat()], salt=OPENED)


def opened_at(assignment: Assignment, token: str) -> datetime | None:
    """None for a token that is not of this page."""
    try:
        pk, moment = signing.loads(token, salt=OPENED)
    except signing.BadSignature:
        return None
    return datetime.fromisoformat(moment) if pk == assignment.pk else None
