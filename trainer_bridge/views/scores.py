"""The project's scores: what each measures, how far the pairs are scored, and those computed from the
database."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.errors import CurationError
from curation.policies import Access, researcher_access
from curation.score_builds import is_waiting
from curation.services.score_build import judged_scores_request, ranking_scores_request
from trainer_bridge.forms.rankings import RankingForm
from trainer_bridge.score_page import score_page


@login_required
@require_GET
def score_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; for htmx, while scores are on their way, nothing, and a reload at the end."""
    access = researcher_access(request, slug)
    if request.htmx:  # type: ignore[attr-defined]  # set by HtmxMiddleware
        response = HttpResponse(status=204)
        if not is_waiting(access.project):
            response["HX-Refresh"] = "true"
        return response
    return _page(request, access, RankingForm(project=access.project))


@login_required
@require_POST
def score_judgments(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    judged_scores_request(project=access.project, user=access.user)
    return redirect("training:score-list", slug=slug)


@login_required
@require_POST
def score_rankings(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = RankingForm(request.POST, project=access.project)
    if form.is_valid():
        try:
            ranking_scores_request(project=access.project, user=access.user, **form.cleaned_data)
        except CurationError as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:score-list", slug=slug)
    messages.error(request, "Nothing was started: the form “Compare two rankings” says why.")
    return _page(request, access, form)


def _page(request: HttpRequest, access: Access, form: RankingForm) -> HttpResponse:
    context = {"access": access, "page": score_page(access.project), "ranking_form": form}
    return render(request, "trainer_bridge/score_list.html", context)
