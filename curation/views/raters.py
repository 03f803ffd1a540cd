"""One rater: what they said, and whether it counts."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.errors import CurationError
from curation.forms.raters import JudgmentFilterForm, RaterExcludeForm
from curation.models import Judgment, Rater
from curation.policies import researcher_access
from curation.services.rater_exclude import rater_exclude as exclude
from curation.services.rater_exclude import rater_include as include


@login_required
@require_GET
def rater_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    rater = get_object_or_404(
        Rater.objects.with_exclusion().select_related("user"), pk=pk, project=access.project
    )
    filters = JudgmentFilterForm(request.GET)
    judgments = Judgment.objects.current().filter(rater=rater).with_winner().select_related("pair__prompt")
    page = Paginator(judgments.filter(**filters.chosen()).order_by("-pk"), 50).get_page(
        request.GET.get("page")
    )
    context = {
        "access": access,
        "rater": rater,
        "filters": filters,
        "page": page,
        "exclusions": rater.exclusions.select_related("created_by", "lifted_by"),
        "form": RaterExcludeForm(),
    }
    return render(request, "curation/rater_detail.html", context)


@login_required
@require_POST
def rater_exclude(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    rater = get_object_or_404(Rater, pk=pk, project=access.project)
    try:
        exclude(rater=rater, user=access.user, reason=request.POST.get("reason", ""))
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{rater}'s judgments count in no consensus from now on. None was deleted.")
    return redirect("curation:rater-detail", slug=slug, pk=pk)


@login_required
@require_POST
def rater_include(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    rater = get_object_or_404(Rater, pk=pk, project=access.project)
    try:
        include(rater=rater, user=access.user)
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{rater}'s judgments count again.")
    return redirect("curation:rater-detail", slug=slug, pk=pk)
