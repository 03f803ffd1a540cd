"""The project's jobs: which there are, how far each is, stopping one and starting it again."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django_htmx.middleware import HtmxDetails

from curation.policies import researcher_access
from trainer_bridge.forms.jobs import JobFilterForm
from trainer_bridge.models import Job, Worker
from trainer_bridge.queues import start_command
from trainer_bridge.services import job_state


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@login_required
def job_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = JobFilterForm(request.GET)
    jobs = Job.objects.filter(project=access.project, **form.chosen()).for_list()
    page = Paginator(jobs, 50).get_page(request.GET.get("page"))
    return render(request, "trainer_bridge/job_list.html", {"page": page, "form": form})


@login_required
def job_detail(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    jobs = Job.objects.select_related("created_by", "training_run", "evaluation")
    job = get_object_or_404(jobs, pk=pk, project=access.project)
    unserved = job.state == Job.State.QUEUED and not Worker.objects.serving(job.queue).exists()
    template = "trainer_bridge/job_detail.html" + ("#live" if request.htmx else "")
    context = {
        "job": job,
        "start_command": start_command(job.queue) if unserved else "",
        "spec_rows": flat_rows(job.spec),
        "spec_json": json.dumps(job.spec, indent=2, ensure_ascii=False),
        "place_rows": place_rows(job),
    }
    return render(request, template, context)


@login_required
@require_POST
def job_cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    job = get_object_or_404(Job, pk=pk, project=access.project)
    if job_state.job_cancel(job=job):
        messages.success(request, "The job is being cancelled. What it finished is kept.")
    else:
        messages.info(request, "The job had already ended.")
    return redirect("training:job-detail", slug=slug, pk=pk)


@login_required
@require_POST
def job_retry(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    job = get_object_or_404(Job, pk=pk, project=access.project)
    if job_state.job_retry(job=job):
        messages.success(request, "The job is queued again and continues where it stopped.")
    else:
        messages.info(request, "Only a failed or cancelled job can be retried.")
    return redirect("training:job-detail", slug=slug, pk=pk)


@login_required
def worker_status(request: HttpRequest, slug: str) -> HttpResponse:
    """The header's fragment; the context processor fills it."""
    researcher_access(request, slug)
    return render(request, "trainer_bridge/worker_status.html")


def flat_rows(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Name and value of each setting that says something short; nested ones as `outer.inner`."""
    rows: list[tuple[str, str]] = []
    for name, item in value.items():
        if isinstance(item, dict):
            rows += flat_rows(item, f"{prefix}{name}.")
        elif item not in (None, "", []) and len(str(item)) <= 120:
            rows.append((f"{prefix}{name}", str(item)))
    return rows


def place_rows(job: Job) -> list[tuple[str, str]]:
    """Queue, worker and what the worker reported about itself."""
    rows = [
        ("queue", job.queue),
        ("attempt", str(job.attempt)),
        ("worker", job.claimed_by),
        ("host", job.host),
        *flat_rows(job.environment),
    ]
    return [(name, value) for name, value in rows if value]
