"""Prompts: the list, and everything known about one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from curation.forms.lists import PromptFilterForm
from curation.models import Pair, Prompt, Response
from curation.policies import reviewer_access


@login_required
def prompt_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    form = PromptFilterForm(request.GET, project=access.project)
    filters = form.chosen()
    prompts = Prompt.objects.filter(project=access.project).matching(**filters).with_counts()
    page = Paginator(prompts, 50).get_page(request.GET.get("page"))
    context = {"access": access, "form": form, "page": page, "is_filtered": bool(filters)}
    return render(request, "curation/prompt_list.html", context)


@login_required
def prompt_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    prompt = get_object_or_404(Prompt, pk=pk, project=access.project)
    responses = Response.objects.filter(prompt=prompt).select_related("sampler", "author")
    page = Paginator(responses, 50).get_page(request.GET.get("page"))
    pairs = Pair.objects.filter(prompt=prompt).with_answers()
    context = {
        "access": access,
        "prompt": prompt,
        "page": page,
        "pairs": pairs[:50],
        "n_pairs": pairs.count(),
    }
    return render(request, "curation/prompt_detail.html", context)
