"""Evaluations: the list, a new one from a model's page, one with the rows behind its win rate."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET
from django_htmx.middleware import HtmxDetails

from curation.policies import researcher_access
from trainer_bridge.errors import JobError
from trainer_bridge.forms.evaluations import EvaluationForm
from trainer_bridge.models import Evaluation, EvaluationItem, ModelVersion
from trainer_bridge.services import evaluation_create as service

PAGE_SIZE = 50


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@login_required
@require_GET
def evaluation_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    evaluations = Evaluation.objects.filter(project=access.project)
    found = evaluations.select_related("model", "baseline", "judge", "job")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "trainer_bridge/evaluation_list.html", {"access": access, "page": page})


@login_required
def evaluation_create(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    model = get_object_or_404(ModelVersion, pk=pk, project=access.project)
    form = EvaluationForm(request.POST or None, model=model)
    if form.is_valid():
        try:
            evaluation = service.evaluation_create(
                project=access.project, model=model, user=access.user, **form.settings()
            )
        except JobError as error:
            form.add_error(None, str(error))
        else:
            return redirect("training:evaluation-detail", slug=slug, pk=evaluation.pk)
    context = {"access": access, "form": form, "model": model, "has_judges": access.project.judges.exists()}
    return render(request, "trainer_bridge/evaluation_create.html", context)


@login_required
@require_GET
def evaluation_detail(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    found = Evaluation.objects.select_related("model", "baseline", "judge__rubric", "job", "created_by")
    evaluation = get_object_or_404(found, pk=pk, project=access.project)
    show = request.GET.get("show", "")
    items = _shown(evaluation, show).select_related("prompt")
    context = {
        "access": access,
        "evaluation": evaluation,
        "job": evaluation.job,
        "page": Paginator(items, PAGE_SIZE).get_page(request.GET.get("page")),
        "show": show,
        "interval": _interval(evaluation),
        "confidence": evaluation.job.spec.get("confidence"),
    }
    part = "#live" if request.htmx else ""
    return render(request, f"trainer_bridge/evaluation_detail.html{part}", context)


def _interval(evaluation: Evaluation) -> dict[str, float] | None:
    """Where the win rate and its interval lie on a drawing 400 wide; None before there is a result."""
    rate, low, high = evaluation.win_rate, evaluation.ci_low, evaluation.ci_high
    if rate is None or low is None or high is None:
        return None
    # The mark is 4 wide and stands on the rate.
    return {"low": 400 * low, "width": 400 * (high - low), "rate": 400 * rate - 2}


def _shown(evaluation: Evaluation, show: str) -> QuerySet[EvaluationItem]:
    items = EvaluationItem.objects.filter(evaluation=evaluation)
    if show == "flip":
        return items.filter(flipped=True)
    return items.filter(outcome=show) if show in EvaluationItem.Outcome.values else items
