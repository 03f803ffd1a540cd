"""What the page header knows on every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from trainer_bridge.queues import queue_statuses


def worker_status(request: HttpRequest) -> dict[str, object]:
    """`worker_status`: the queues, for researchers only; asked for only by pages that show a header."""
    access = getattr(request, "access", None)
    visible = access is not None and access.is_researcher
    return {"worker_status": SimpleLazyObject(queue_statuses) if visible else None}
