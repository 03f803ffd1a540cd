"""Gold pairs: the list with how people fare on each, marking, retiring."""

from __future__ import annotations

from typing import Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotators.errors import GoldError
from annotators.forms_quality import GoldFilterForm, GoldForm, GoldUnanimousForm
from annotators.models import Assignment, GoldPair
from annotators.quality.gold import expected_from_decision
from annotators.services import gold_manage
from annotators.services.gold_unanimous import gold_from_unanimous
from curation.models import Pair
from curation.policies import Access, researcher_access

PAGE_SIZE = 50


@login_required
@require_GET
def gold_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = GoldFilterForm(request.GET)
    rows = GoldPair.objects.filter(project=access.project).with_counts().with_pair()
    rows = rows.filter(**form.narrowing())
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "form": form,
        "page": page,
        "bulk": GoldUnanimousForm(),
        "is_filtered": bool(form.narrowing()),
    }
    return render(request, "annotators/gold_list.html", context)


@login_required
def gold_create(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Mark one pair; a reviewer's decision on it is proposed as the answer."""
    access = researcher_access(request, slug)
    pair = get_object_or_404(Pair.objects.for_project(access.project).with_texts(), pk=pk)
    decided = expected_from_decision(pair)
    form = GoldForm(request.POST or None, initial={"expected": decided})
    if form.is_valid():
        adjudicated = decided and form.cleaned_data["expected"] == decided
        source = GoldPair.Source.ADJUDICATED if adjudicated else GoldPair.Source.HAND
        try:
            gold_manage.gold_add(
                project=access.project, pair=pair, user=access.user, source=source, **form.cleaned_data
            )
        except GoldError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The pair is gold now. Campaigns that mix gold in have it already.")
            return redirect("curation:pair-detail", slug=slug, pk=pk)
    context = {"access": access, "pair": pair, "form": form, "decided": decided}
    return render(request, "annotators/gold_create.html", context)


@login_required
@require_POST
def gold_unanimous(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = GoldUnanimousForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Ask for at least 2 people and between 1 and 1,000 pairs.")
        return redirect("annotators:gold-list", slug=slug)
    made = gold_from_unanimous(project=access.project, user=access.user, **form.cleaned_data)
    if made:
        messages.success(request, f"{made:,} pair{'s' if made > 1 else ''} became gold.")
    else:
        messages.warning(
            request,
            "No pair qualifies: none that is not gold yet was answered by that many people, all alike. "
            "Ask for fewer people, or wait for more answers.",
        )
    return redirect("annotators:gold-list", slug=slug)


@login_required
@require_GET
def gold_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One gold pair, and the answers behind its numbers."""
    access = researcher_access(request, slug)
    gold = get_object_or_404(GoldPair.objects.with_counts().with_pair(), pk=pk, project=access.project)
    answers = Assignment.objects.filter(campaign_pair__gold=gold).gold_checked()
    answers = answers.select_related("campaign", "annotator", "judgment").order_by("-answered_at")
    page = Paginator(answers, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"access": access, "gold": gold, "page": page}
    return render(request, "annotators/gold_detail.html", context)


@login_required
@require_POST
def gold_retire(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    said = "Retired: nobody is checked with this pair any more, and its answers count in no accuracy."
    return gold_act(request, access, pk, gold_manage.gold_retire, said)


@login_required
@require_POST
def gold_restore(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return gold_act(request, access, pk, gold_manage.gold_restore, "In use again.")


class GoldAct(Protocol):
    """A service that retires or restores a gold pair, or raises GoldError."""

    def __call__(self, *, gold: GoldPair) -> None: ...


def gold_act(request: HttpRequest, access: Access, pk: int, service: GoldAct, said: str) -> HttpResponse:
    gold = get_object_or_404(GoldPair.objects.select_related("project"), pk=pk, project=access.project)
    try:
        service(gold=gold)
    except GoldError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("annotators:gold-detail", slug=access.project.slug, pk=pk)
