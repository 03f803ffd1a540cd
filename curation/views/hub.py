"""A dataset version on the hub."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from curation.errors import CurationError
from curation.forms.hub import HubPushForm
from curation.models import DatasetVersion, HubPush
from curation.policies import researcher_access
from curation.services.hub_push import hub_push_request

SHOWN = 50


@login_required
def dataset_hub(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The form, and every push with its state; for htmx, while one is on its way, only the pushes."""
    access = researcher_access(request, slug)
    version = get_object_or_404(DatasetVersion, number=number, project=access.project)
    form = HubPushForm(request.POST or None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            hub_push_request(user=access.user, **form.cleaned_data)
        except CurationError as error:
            form.add_error(None, str(error))
        else:
            return redirect("curation:dataset-hub", slug=slug, number=number)
    pushes = HubPush.objects.filter(export__version=version).select_related("export", "created_by")[:SHOWN]
    context = {
        "access": access,
        "version": version,
        "form": form,
        "pushes": pushes,
        "is_waiting": any(not push.is_finished for push in pushes),
        "is_possible": bool(settings.HF_TOKEN),
    }
    part = "#pushes" if request.htmx else ""  # type: ignore[attr-defined]  # set by HtmxMiddleware
    return render(request, f"curation/dataset_hub.html{part}", context)
