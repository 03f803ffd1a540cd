"""Frozen dataset versions: rows, drops, lineage."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from curation.bias.known import known_biases
from curation.bias.pages import bias_standing
from curation.export_pages import files_context
from curation.exporters import EXPORTERS
from curation.exporters.shown import shown_format
from curation.forms.datasets import ExportForm
from curation.models import DatasetVersion
from curation.policies import reviewer_access
from curation.recipes.pages import described_steps
from curation.services.export_write import about, first_rows
from curation.views.standing import is_poll


@login_required
def dataset_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    versions = DatasetVersion.objects.filter(project=access.project).select_related("recipe", "created_by")
    page = Paginator(versions, 50).get_page(request.GET.get("page"))
    return render(request, "curation/dataset_list.html", {"access": access, "page": page})


@login_required
def dataset_detail(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The page; for htmx, while a file is being written, only the files."""
    access = reviewer_access(request, slug)
    versions = DatasetVersion.objects.select_related("recipe", "created_by", "project")
    version = get_object_or_404(versions, number=number, project=access.project)
    files = files_context(version)
    if is_poll(request):
        return render(request, "curation/export_list.html#files", {"access": access, **files})
    split = request.GET.get("split", "")
    rows = version.rows.select_related("pair__prompt", "chosen", "rejected")
    rows = rows.filter(split=split) if split in version.card["splits"] else rows
    of = about(version, "train")
    others = DatasetVersion.objects.filter(project=access.project).exclude(pk=version.pk)
    standing = bias_standing(version)
    context = {
        "access": access,
        "version": version,
        "standing": standing,
        "known": known_biases(standing.done.report) if standing.done else [],
        "other": others.filter(number__lt=number).first() or others.last(),
        "steps": described_steps(version.recipe.steps),
        "split": split,
        "page": Paginator(rows, 50).get_page(request.GET.get("page")),
        **files,
        "form": ExportForm(version=version, initial={"format": request.GET.get("format", "trl_jsonl")}),
        "dropped": of.dropped,
        "example": shown_format(EXPORTERS["trl_jsonl"], first_rows(version, 1), of),
        "can_push": bool(settings.HF_TOKEN),
    }
    return render(request, "curation/dataset_detail.html", context)


@login_required
def dataset_dropped(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    version = get_object_or_404(DatasetVersion, number=number, project=access.project)
    dropped = version.dropped.select_related("pair__prompt").order_by("id")
    step = request.GET.get("step", "")
    if step.isdecimal():
        dropped = dropped.filter(step_index=int(step))
    if reason := request.GET.get("reason", ""):
        dropped = dropped.filter(reason=reason)
    context = {
        "access": access,
        "version": version,
        "step": step,
        "reason": reason,
        "page": Paginator(dropped, 50).get_page(request.GET.get("page")),
    }
    return render(request, "curation/dataset_dropped.html", context)
