"""The bias report of a dataset version."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.bias.pages import bias_context, bias_standing
from curation.models import DatasetVersion
from curation.policies import Access, researcher_access, reviewer_access
from curation.services.bias_build import bias_request
from curation.views.standing import is_poll, standing_part


@login_required
@require_GET
def bias_report(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The page; for htmx, while a report is on its way, only where it stands, and a reload at the end."""
    access = reviewer_access(request, slug)
    version = project_version(access, number)
    if is_poll(request):
        return standing_part(request, access, bias_standing(version))
    return render(request, "curation/bias.html", {"access": access, **bias_context(version)})


@login_required
@require_POST
def bias_build(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    access = researcher_access(request, slug)
    bias_request(version=project_version(access, number), user=access.user)
    return redirect("curation:dataset-bias", slug=slug, number=number)


def project_version(access: Access, number: int) -> DatasetVersion:
    """A version of the project, or 404."""
    version: DatasetVersion = get_object_or_404(DatasetVersion, project=access.project, number=number)
    return version
