"""Versions as files."""

from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from curation.errors import CurationError
from curation.exporters import EXPORTERS, by_trainer
from curation.exporters.base import About
from curation.exporters.shown import shown_format
from curation.forms.datasets import ExportForm
from curation.models import DatasetVersion, Export
from curation.policies import researcher_access, reviewer_access
from curation.services.export_build import export_request
from curation.services.export_write import about, asked_for, first_rows


@login_required
@require_POST
def export_create(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    access = researcher_access(request, slug)
    version = get_object_or_404(DatasetVersion, number=number, project=access.project)
    form = ExportForm(request.POST, version=version)
    if form.is_valid():
        try:
            export_request(version=version, user=access.user, **form.arguments())
        except CurationError as error:
            messages.error(request, str(error))
    else:
        messages.error(request, form.what_is_wrong())
    return redirect(reverse("curation:dataset-detail", args=[slug, number]) + "#exports")


@login_required
def export_download(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """The file; where it was cleaned away, a worker writes it anew: its bytes follow from the version."""
    access = reviewer_access(request, slug)
    exports = Export.objects.select_related("version__project", "tokens")
    export = get_object_or_404(exports, pk=pk, version__project=access.project)
    path = Path(export.path)
    if not path.is_file():
        export_request(**asked_for(export), user=access.user)
        messages.info(request, "The file was cleaned away. A worker writes it again: download it then.")
        return redirect(reverse("curation:dataset-detail", args=[slug, export.version.number]) + "#exports")
    name = about(export.version, export.split, export.max_length).file_name(EXPORTERS[export.format])
    return FileResponse(path.open("rb"), as_attachment=True, filename=name)


EXAMPLE_ROWS = 50  # looked through for one that a format takes


@login_required
def format_list(request: HttpRequest, slug: str) -> HttpResponse:
    """Every format, with rows of the version asked for, of the newest, or made up."""
    access = reviewer_access(request, slug)
    versions = DatasetVersion.objects.filter(project=access.project).select_related("project")
    number = request.GET.get("version", "")
    version = get_object_or_404(versions, number=int(number)) if number.isdecimal() else versions.first()
    rows = first_rows(version, EXAMPLE_ROWS, origins=True) if version else []
    of = about(version, "train") if version else About(slug, access.project.name, 1, "train")
    groups = [
        (trainer, [shown_format(exporter, rows, of) for exporter in formats])
        for trainer, formats in by_trainer()
    ]
    context = {"access": access, "version": version, "groups": groups}
    return render(request, "curation/format_list.html", context)
