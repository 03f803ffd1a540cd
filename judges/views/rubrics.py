"""Rubrics: the list, a new wording with its preview, and one version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from curation.models import Pair, Project
from curation.policies import researcher_access, reviewer_access
from judges.algorithms.verdicts import conversation_text, question_text
from judges.errors import JudgeError
from judges.forms import RubricForm, rubric_initial
from judges.models import RubricVersion
from judges.services.rubric_default import default_wording
from judges.services.rubric_save import rubric_save

PAGE_SIZE = 50
EXAMPLE = {
    "prompt": "What is the capital of France?",
    "left": "Paris.",
    "right": "France is a country in Europe, known for wine and cheese.",
}


@login_required
@require_GET
def rubric_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    rubrics = access.project.rubrics.annotate(n_judges=Count("judges")).order_by("name", "-version")
    page = Paginator(rubrics, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "judges/rubric_list.html", {"access": access, "page": page})


@login_required
def rubric_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = RubricForm(request.POST or None, initial=rubric_initial(_first_wording(request, access.project)))
    preview = None
    if form.is_valid():
        if "preview" in request.POST:
            preview = _example_question(access.project, form.cleaned_data["template"])
        else:
            try:
                rubric = rubric_save(project=access.project, user=access.user, **form.wording())
            except JudgeError as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{rubric} is saved. Its wording will not change any more.")
                return redirect("judges:rubric-detail", slug=slug, pk=rubric.pk)
    context = {"access": access, "form": form, "preview": preview}
    return render(request, "judges/rubric_create.html", context)


@login_required
@require_GET
def rubric_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    rubric = get_object_or_404(RubricVersion, pk=pk, project=access.project)
    context = {
        "access": access,
        "rubric": rubric,
        "preview": _example_question(access.project, rubric.template),
        "judges": rubric.judges.with_counts().order_by("name", "-version"),
        "versions": access.project.rubrics.filter(name=rubric.name),
    }
    return render(request, "judges/rubric_detail.html", context)


def _first_wording(request: HttpRequest, project: Project) -> dict[str, Any]:
    """The wording to start from: the version in `?from=`, or the one we ship."""
    pk = request.GET.get("from", "")
    if not pk.isascii() or not pk.isdigit():
        return default_wording()
    rubric = get_object_or_404(RubricVersion, pk=pk, project=project)
    names = ("name", "system", "template", "prefill", "verdicts")
    return {name: getattr(rubric, name) for name in names}


def _example_question(project: Project, template: str) -> str:
    """The question as the judge reads it, on the project's first pair or on a made-up one."""
    pair = Pair.objects.for_project(project).with_texts().order_by("pk").first()
    if pair is None:
        return question_text(template, **EXAMPLE)
    turns = [(turn["role"], str(turn["content"])) for turn in pair.prompt.messages]
    return question_text(
        template, prompt=conversation_text(turns), left=pair.response_a.text, right=pair.response_b.text
    )
