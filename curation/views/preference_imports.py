"""A draft read as preference data: its preview and its start; and the formats that can be read."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from curation.errors import CurationError
from curation.forms.columns import ColumnsForm
from curation.forms.imports import PreferenceForm, ReadAsForm
from curation.importers.datasets.columns import COLUMNS
from curation.importers.datasets.record import DatasetFormat
from curation.importers.datasets.registry import FORMATS
from curation.importers.guess import columns_of
from curation.importers.rows import FileRow
from curation.models import PromptImport
from curation.policies import researcher_access
from curation.preference_preview import preview_rows
from curation.services import prompt_import as service
from curation.services.preference_parse import ReadOptions

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
    try:
        form = _start_form(request.POST, prompt_import)
        if not form.is_valid():
            raise CurationError(form.problem())
        service.preferences_start(
            prompt_import=prompt_import, dataset=form.cleaned_data["read_as"], options=form.options()
        )
    except CurationError as error:
        messages.error(request, str(error))
        return redirect(_with_choices(request.POST, slug, pk))
    return redirect("curation:import-detail", slug=slug, pk=pk)


def draft_head(prompt_import: PromptImport) -> list[FileRow]:
    if prompt_import.state != PromptImport.State.DRAFT:
        raise CurationError("This import was started already. Reload the page to see how far it is.")
    return service.import_head(prompt_import)


def preference_page(
    request: HttpRequest,
    context: dict[str, object],
    prompt_import: PromptImport,
    head: list[FileRow],
    entry: DatasetFormat,
) -> HttpResponse:
    """What the first rows say in the chosen format, and what every prompt of the file gets."""
    options = service.default_options(prompt_import, entry)
    if entry is COLUMNS:
        return _columns_page(request, context, head, options)
    context |= {
        "entry": entry,
        "form": PreferenceForm.of(entry, options),
        "read_as": ReadAsForm(entry.name),
        "rows": preview_rows(head[:PREVIEW_ROWS], entry, options),
    }
    return render(request, "curation/import_preferences.html", context)


def _columns_page(
    request: HttpRequest, context: dict[str, object], head: list[FileRow], options: ReadOptions
) -> HttpResponse:
    """The columns, from the query or likely ones, and how the first rows would land by them."""
    chosen = request.GET if "column_prompt" in request.GET else ColumnsForm.data_of(options)
    form = ColumnsForm(chosen, columns=_columns(head))
    context |= {"form": form, "read_as": ReadAsForm(COLUMNS.name)}
    if form.is_valid():
        context["rows"] = preview_rows(head[:PREVIEW_ROWS], COLUMNS, form.options())
    else:
        context["problem"] = form.problem()
    template = "curation/import_columns.html"
    return render(request, f"{template}#preview" if request.htmx else template, context)  # type: ignore[attr-defined]  # set by HtmxMiddleware


def _start_form(data: QueryDict, prompt_import: PromptImport) -> PreferenceForm:
    if data.get("read_as") != COLUMNS.name:
        return PreferenceForm(data)
    return ColumnsForm(data, columns=_columns(draft_head(prompt_import)))


def _columns(head: list[FileRow]) -> list[str]:
    return columns_of(row.value for row in head if row.value is not None)


def _with_choices(data: QueryDict, slug: str, pk: int) -> str:
    """The page of the draft, with the columns that were chosen."""
    url = reverse("curation:import-detail", args=[slug, pk])
    if data.get("read_as") != COLUMNS.name:
        return url
    chosen = {name: value for name, value in data.items() if name != "csrfmiddlewaretoken"}
    return f"{url}?{urlencode(chosen)}"
