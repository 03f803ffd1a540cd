"""Starting work: sample responses, judge pairs, score pairs. `preview` says what would happen."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from curation.policies import researcher_access
from judges.models import Judge
from trainer_bridge.errors import JobError
from trainer_bridge.forms.jobs import GenerateForm, JudgingForm, LaunchForm, ScoringForm
from trainer_bridge.models import Job
from trainer_bridge.services.job_create import generation_create, judging_create, scoring_create


@login_required
def generate_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    initial = {"model": request.GET.get("model", "")}
    form = GenerateForm(request.POST or None, project=access.project, initial=initial)

    def create() -> Job:
        return generation_create(project=access.project, user=access.user, **form.arguments())

    return _launch(request, slug, form, create, "trainer_bridge/generate_create.html")


@login_required
def score_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    initial = {"model": request.GET.get("model", "")}
    form = ScoringForm(request.POST or None, project=access.project, initial=initial)

    def create() -> Job:
        return scoring_create(project=access.project, user=access.user, **form.arguments())

    return _launch(request, slug, form, create, "trainer_bridge/scoring_create.html")


@login_required
def judge_create(request: HttpRequest, slug: str, judge_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    judges = Judge.objects.select_related("project", "rubric")
    judge = get_object_or_404(judges, pk=judge_pk, project=access.project)
    form = JudgingForm(request.POST or None, judge=judge)

    def create() -> Job:
        return judging_create(judge=judge, user=access.user, **form.arguments())

    return _launch(request, slug, form, create, "trainer_bridge/judging_create.html")


def _launch(
    request: HttpRequest, slug: str, form: LaunchForm, create: Callable[[], Job], template: str
) -> HttpResponse:
    """Show the form, say what it would do, or do it and show the job."""
    valid = request.method == "POST" and form.is_valid()
    if valid and "preview" not in request.POST:
        try:
            job = create()
        except JobError as error:
            form.add_error(None, str(error))
            valid = False
        else:
            return redirect("training:job-detail", slug=slug, pk=job.pk)
    plan = form.plan() if valid else ""
    return render(request, template, {"form": form, "plan": plan, "judge": getattr(form, "judge", None)})
