"""A draft read as preference data: its preview and its start; and the formats that can be read."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from curation.errors import CurationError
from curation.forms.imports import PreferenceForm, ReadAsForm
from curation.importers.datasets.record import DatasetFormat
from curation.importers.datasets.registry import FORMATS
from curation.importers.rows import FileRow
from curation.models import PromptImport
from curation.policies import researcher_access
from curation.preference_preview import preview_rows
from curation.services import prompt_import as service

PREVIEW_ROWS = 6


@login_required
def format_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    formats = [(entry, json.dumps(entry.example, ensure_ascii=False, indent=1)) for entry in FORMATS.values()]
    return render(request, "curation/import_formats.html", {"access": access, "formats": formats})


@require_POST
@login_required
def preferences_start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt_import = get_object_or_404(PromptImport, pk=pk, project=access.project)
    form = PreferenceForm(request.POST)
    try:
        if not form.is_valid():
            raise CurationError("Choose a format and a split, then start the import.")
        service.preferences_start(
            prompt_import=prompt_import, dataset=form.cleaned_data["read_as"], options=form.options()
        )
    except CurationError as error:
        messages.error(request, str(error))
    return redirect("curation:import-detail", slug=slug, pk=pk)


def preference_page(
    request: HttpRequest,
    context: dict[str, object],
    prompt_import: PromptImport,
    head: list[FileRow],
    entry: DatasetFormat,
) -> HttpResponse:
    """What the first rows say in the chosen format, and what every prompt of the file gets."""
    options = service.default_options(prompt_import, entry)
    context |= {
        "entry": entry,
        "form": PreferenceForm.of(entry, options),
        "read_as": ReadAsForm(entry.name),
        "rows": preview_rows(head[:PREVIEW_ROWS], entry, options),
    }
    return render(request, "curation/import_preferences.html", context)
