"""The project's scores: what each measures, and how far the pairs are scored."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from curation.policies import researcher_access
from trainer_bridge.score_page import score_page


@login_required
def score_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    context = {"access": access, "page": score_page(access.project)}
    return render(request, "trainer_bridge/score_list.html", context)
