"""Pages of a report: what they answer while a worker computes a newer one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from curation.policies import Access
from curation.report_standing import Standing


def is_poll(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]  # set by HtmxMiddleware


def standing_part(request: HttpRequest, access: Access, standing: Standing[Any]) -> HttpResponse:
    """Only where the report stands; at its end the page is loaded anew."""
    context = {"access": access, "standing": standing}
    response = render(request, "components/standing.html#status", context)
    if not standing.is_waiting:
        response["HX-Refresh"] = "true"
    return response
