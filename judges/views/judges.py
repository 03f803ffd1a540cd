"""Judges: the list, a new one, what one's verdicts say about it, and the verdicts themselves."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from curation.policies import researcher_access, reviewer_access
from judges.errors import JudgeError
from judges.forms import JudgeForm
from judges.models import Judge, RubricVersion, Verdict
from judges.querysets import judge_stats
from judges.services.judge_create import judge_create as create

PAGE_SIZE = 50
SHOWN = {
    "": "All",
    "flipped": "Flipped",
    "unparsed": "Unparsed",
    "left": "Left chosen",
    "right": "Right chosen",
}


@login_required
@require_GET
def judge_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    judges = access.project.judges.with_counts().select_related("rubric").order_by("name", "-version")
    page = Paginator(judges, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "judges/judge_list.html", {"access": access, "page": page})


@login_required
def judge_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = JudgeForm(request.POST or None, project=access.project)
    if form.is_valid():
        try:
            judge = create(project=access.project, user=access.user, **form.settings())
        except JudgeError as error:
            form.add_error(None, str(error))
        else:
            return redirect("judges:judge-detail", slug=slug, pk=judge.pk)
    has_rubrics = RubricVersion.objects.filter(project=access.project).exists()
    context = {"access": access, "form": form, "has_rubrics": has_rubrics}
    return render(request, "judges/judge_create.html", context)


@login_required
@require_GET
def judge_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    judges = Judge.objects.select_related("rubric", "rater", "created_by")
    judge = get_object_or_404(judges, pk=pk, project=access.project)
    context = {"access": access, "judge": judge, "stats": judge_stats(judge)}
    return render(request, "judges/judge_detail.html", context)


@login_required
@require_GET
def verdict_list(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    judge = get_object_or_404(Judge, pk=pk, project=access.project)
    show = request.GET.get("show", "")
    page = Paginator(_verdicts(judge, show), PAGE_SIZE).get_page(request.GET.get("page"))
    filters = [{"value": value, "label": label, "current": value == show} for value, label in SHOWN.items()]
    context = {"access": access, "judge": judge, "page": page, "filters": filters, "show": show}
    return render(request, "judges/verdict_list.html", context)


def _verdicts(judge: Judge, show: str) -> QuerySet[Verdict]:
    verdicts = Verdict.objects.filter(judge=judge).with_p_a().with_texts().order_by("pair", "left")
    narrowed: dict[str, QuerySet[Verdict]] = {
        "flipped": verdicts.filter(pk__in=judge.verdicts.flipped().values("pk")),
        "unparsed": verdicts.unparsed(),
        "left": verdicts.parsed().filter(p_left__gt=0.5),
        "right": verdicts.parsed().filter(p_left__lt=0.5),
    }
    return narrowed.get(show, verdicts)
