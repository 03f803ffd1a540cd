"""Pairs: the list, one pair with all that was said about it, and building them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from curation.forms.lists import PairFilterForm
from curation.forms.pairs import PairBuildForm
from curation.models import Pair
from curation.pair_pages import versions_with
from curation.policies import researcher_access, reviewer_access
from curation.services.pair_build import PairBuildCounts, pairs_build, pairs_preview


@login_required
def pair_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    form = PairFilterForm(request.GET, project=access.project)
    filters = form.chosen()
    pairs = Pair.objects.for_project(access.project).matching(**filters).with_texts().with_answers()
    page = Paginator(pairs, 50).get_page(request.GET.get("page"))
    context = {"access": access, "form": form, "page": page, "is_filtered": bool(filters)}
    return render(request, "curation/pair_list.html", context)


@login_required
def pair_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    pairs = Pair.objects.for_project(access.project).with_texts().with_answers()
    pair = get_object_or_404(pairs.select_related("prompt__prompt_import"), pk=pk)
    gold = pair.gold.filter(retired_at=None).first() if access.is_researcher else None
    context = {"access": access, "pair": pair, "gold": gold, "versions": versions_with(pair)}
    return render(request, "curation/pair_detail.html", context)


@login_required
def pair_build(request: HttpRequest, slug: str) -> HttpResponse:
    """What a plan would make; for htmx, the form of a plan just chosen; posted, it is made. A POST without
    fields makes every pair."""
    access = researcher_access(request, slug)
    is_post = request.method == "POST"
    is_new = bool(request.htmx)  # type: ignore[attr-defined]  # set by HtmxMiddleware
    form = PairBuildForm(request.POST if is_post else request.GET, project=access.project, is_new=is_new)
    if is_post and form.is_valid():
        counts = pairs_build(project=access.project, plan=form.plan())
        messages.success(request, _said(counts))
        return redirect("curation:pair-list", slug=slug)
    preview = pairs_preview(project=access.project, plan=form.plan()) if form.is_valid() else None
    context = {"access": access, "form": form, "preview": preview}
    return render(request, "curation/pair_build.html", context)


def _said(counts: PairBuildCounts) -> str:
    said = (
        f"{counts.created:,} new pairs; {counts.existing:,} were there already; "
        f"{counts.identical:,} combinations left out because both texts are the same."
    )
    if counts.judged:
        said += f" Judgments recorded by the rule: {counts.judged:,}."
    others = ", ".join(f"{n:,} {reason}" for reason, n in counts.left_out.items())
    return f"{said} Also left out: {others}." if others else said
