"""What the page header knows on every page."""

from __future__ import annotations

from django.http import HttpRequest


def worker_status(request: HttpRequest) -> dict[str, object]:
    return {}
