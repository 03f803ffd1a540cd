"""Training runs: the list, a new one from a dataset version, one with its live curves."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET
from django_htmx.middleware import HtmxDetails

from curation.algorithms.fingerprints import sha256_hex
from curation.models import DatasetVersion
from curation.policies import researcher_access
from trainer_bridge.errors import JobError
from trainer_bridge.forms.runs import RunForm
from trainer_bridge.models import TrainingRun
from trainer_bridge.querysets import raters_of
from trainer_bridge.services import run_create as service

PAGE_SIZE = 50
METRICS_AT_ONCE = 5000
TABLE_STEPS = 10
SHOWN = ("loss", "rewards/accuracies", "rewards/margins", "logps/chosen", "logps/rejected")


class HtmxRequest(HttpRequest):
    htmx: HtmxDetails


@login_required
@require_GET
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    runs = TrainingRun.objects.filter(project=access.project).for_list()
    page = Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "trainer_bridge/run_list.html", {"access": access, "page": page})


@login_required
def run_create(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Check the settings, show the exact configuration, then train just that."""
    access = researcher_access(request, slug)
    version = get_object_or_404(DatasetVersion, project=access.project, number=number)
    form = RunForm(request.POST or None, project=access.project)
    context: dict[str, Any] = {"access": access, "form": form, "version": version}
    if form.is_valid():
        text = form.spec().model_dump_json(indent=2)
        context |= {"spec_json": text, "spec_hash": sha256_hex(text)}
        # Starting is possible only for the configuration that was shown, not for one edited since.
        if request.POST.get("shown") == context["spec_hash"]:
            try:
                run = service.run_create(
                    project=access.project, dataset_version=version, user=access.user, **form.settings()
                )
            except JobError as error:
                form.add_error(None, str(error))
            else:
                return redirect("training:run-detail", slug=slug, pk=run.pk)
    context["n_rows"] = version.rows.filter(split="train").count()
    return render(request, "trainer_bridge/run_create.html", context)


@login_required
@require_GET
def run_detail(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    run = get_object_or_404(TrainingRun.objects.for_page(), pk=pk, project=access.project)
    steps = list(run.metrics.order_by("-step")[:TABLE_STEPS])
    context = {
        "access": access,
        "run": run,
        "job": run.job,
        "columns": SHOWN,
        "steps": [
            {"step": row.step, "epoch": row.epoch, "values": [row.values.get(name) for name in SHOWN]}
            for row in steps
        ],
    }
    if request.htmx:
        return render(request, "trainer_bridge/run_detail.html#live", context)
    context |= {"raters": raters_of(run.dataset_version), "spec_json": service.config_text(run)}
    return render(request, "trainer_bridge/run_detail.html", context)


@login_required
@require_GET
def run_metrics(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """What was logged after step `?after=`, and whether more may come."""
    access = researcher_access(request, slug)
    run = get_object_or_404(TrainingRun.objects.select_related("job"), pk=pk, project=access.project)
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else -1
    found = run.metrics.filter(step__gt=start).order_by("step").values_list("step", "values")
    rows = list(found[:METRICS_AT_ONCE])
    return JsonResponse(
        {
            "rows": [{"step": step} | {name: values.get(name) for name in SHOWN} for step, values in rows],
            "finished": run.job.is_finished and len(rows) < METRICS_AT_ONCE,
        }
    )
