"""Prompts: the list, everything known about one, and whether it is used."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from curation.errors import CurationError
from curation.forms.cleaning import PromptExcludeForm
from curation.forms.lists import PromptFilterForm
from curation.models import Pair, Prompt, Response
from curation.policies import researcher_access, reviewer_access
from curation.services.prompt_exclude import prompt_exclude as exclude
from curation.services.prompt_exclude import prompt_include as include


@login_required
def prompt_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    form = PromptFilterForm(request.GET, project=access.project)
    filters = form.chosen()
    prompts = Prompt.objects.filter(project=access.project).matching(**filters).with_counts().with_exclusion()
    page = Paginator(prompts, 50).get_page(request.GET.get("page"))
    context = {"access": access, "form": form, "page": page, "is_filtered": bool(filters)}
    return render(request, "curation/prompt_list.html", context)


@login_required
def prompt_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    prompts = Prompt.objects.with_exclusion().select_related("prompt_import")
    prompt = get_object_or_404(prompts, pk=pk, project=access.project)
    responses = Response.objects.filter(prompt=prompt).select_related("sampler", "author")
    page = Paginator(responses, 50).get_page(request.GET.get("page"))
    pairs = Pair.objects.filter(prompt=prompt).with_answers()
    context = {
        "access": access,
        "prompt": prompt,
        "page": page,
        "exclusions": prompt.exclusions.select_related("created_by", "lifted_by", "kept"),
        "form": PromptExcludeForm(),
        "pairs": pairs[:50],
        "n_pairs": pairs.count(),
    }
    return render(request, "curation/prompt_detail.html", context)


@login_required
@require_POST
def prompt_exclude(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt = get_object_or_404(Prompt, pk=pk, project=access.project)
    try:
        exclude(prompt=prompt, user=access.user, reason=request.POST.get("reason", ""))
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Prompt {pk} is not used from now on. Nothing was deleted.")
    return redirect("curation:prompt-detail", slug=slug, pk=pk)


@login_required
@require_POST
def prompt_include(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt = get_object_or_404(Prompt, pk=pk, project=access.project)
    try:
        include(prompt=prompt, user=access.user)
    except CurationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Prompt {pk} is used again.")
    return redirect("curation:prompt-detail", slug=slug, pk=pk)
