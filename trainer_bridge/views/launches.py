"""Starting work: sample responses, judge pairs, score and embed them, train an estimator. `preview` says what
would happen."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from curation.policies import researcher_access
from judges.models import Judge
from trainer_bridge.errors import JobError
from trainer_bridge.forms.estimates import EstimateForm
from trainer_bridge.forms.jobs import EmbedForm, GenerateForm, JudgingForm, LaunchForm
from trainer_bridge.forms.scoring import ScoringForm
from trainer_bridge.models import Job
from trainer_bridge.services import estimate_create as estimates
from trainer_bridge.services.job_create import (
    embedding_create,
    generation_create,
    judging_create,
    scorings_create,
)


@login_required
def generate_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    initial = {"model": request.GET.get("model", "")}
    form = GenerateForm(request.POST or None, project=access.project, initial=initial)

    def create() -> list[Job]:
        return [generation_create(project=access.project, user=access.user, **form.arguments())]

    return _launch(request, slug, form, create, "trainer_bridge/generate_create.html")


@login_required
def score_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    asked = ("model", "reference", "embedder", "dtype", "max_length")
    initial = {name: request.GET[name] for name in asked if name in request.GET}
    form = ScoringForm(request.POST or None, project=access.project, initial=initial)
    form.choose(request.GET.getlist("scorer"))

    def create() -> list[Job]:
        return scorings_create(project=access.project, user=access.user, **form.arguments())

    return _launch(request, slug, form, create, "trainer_bridge/scoring_create.html")


@login_required
def estimate_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    names = ("model", "method", "dtype", "max_length", "passes", "folds")
    initial = {name: request.GET[name] for name in names if name in request.GET}
    form = EstimateForm(request.POST or None, project=access.project, initial=initial)

    def create() -> list[Job]:
        return [estimates.estimate_create(project=access.project, user=access.user, **form.arguments())]

    return _launch(request, slug, form, create, "trainer_bridge/estimate_create.html")


@login_required
def embed_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    initial = {"texts": request.GET.get("texts", "all")}
    form = EmbedForm(request.POST or None, project=access.project, initial=initial)

    def create() -> list[Job]:
        return [embedding_create(project=access.project, user=access.user, **form.arguments())]

    return _launch(request, slug, form, create, "trainer_bridge/embedding_create.html")


@login_required
def judge_create(request: HttpRequest, slug: str, judge_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    judges = Judge.objects.select_related("project", "rubric")
    judge = get_object_or_404(judges, pk=judge_pk, project=access.project)
    form = JudgingForm(request.POST or None, judge=judge)

    def create() -> list[Job]:
        return [judging_create(judge=judge, user=access.user, **form.arguments())]

    return _launch(request, slug, form, create, "trainer_bridge/judging_create.html")


def _launch(
    request: HttpRequest, slug: str, form: LaunchForm, create: Callable[[], list[Job]], template: str
) -> HttpResponse:
    """Show the form, say what it would do, or do it and show the job; the list where there are several."""
    valid = request.method == "POST" and form.is_valid()
    if valid and "preview" not in request.POST:
        try:
            jobs = create()
        except JobError as error:
            form.add_error(None, str(error))
            valid = False
        else:
            return _show(request, slug, jobs)
    plan = form.plan() if valid else ""
    return render(request, template, {"form": form, "plan": plan, "judge": getattr(form, "judge", None)})


def _show(request: HttpRequest, slug: str, jobs: list[Job]) -> HttpResponse:
    if len(jobs) == 1:
        return redirect("training:job-detail", slug=slug, pk=jobs[0].pk)
    messages.success(request, f"{len(jobs)} jobs are queued: " + "; ".join(map(str, jobs)) + ".")
    return redirect("training:job-list", slug=slug)
