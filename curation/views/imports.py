"""Files on their way in: upload, mapping and preview, progress, report."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from curation.csv_lines import csv_lines
from curation.errors import CurationError
from curation.forms.imports import ImportUploadForm, MappingForm, ReadAsForm
from curation.importers.datasets.registry import FORMATS, recognise
from curation.importers.guess import columns_of, guess_mapping
from curation.importers.rows import FileRow
from curation.models import ImportIssue, PromptImport
from curation.policies import researcher_access
from curation.services import prompt_import as service
from curation.views.preference_imports import draft_head, preference_page

PREVIEW_ROWS = 8


@login_required
def import_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = ImportUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            draft = service.import_create(project=access.project, user=access.user, upload=upload)
        except CurationError as error:
            form.add_error("file", str(error))
        else:
            return redirect("curation:import-detail", slug=slug, pk=draft.pk)
    imports = PromptImport.objects.filter(project=access.project).select_related("created_by")
    page = Paginator(imports, 50).get_page(request.GET.get("page"))
    return render(request, "curation/import_create.html", {"access": access, "form": form, "page": page})


@login_required
def import_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt_import = get_object_or_404(PromptImport, pk=pk, project=access.project)
    context = {"access": access, "prompt_import": prompt_import}
    if prompt_import.state == PromptImport.State.DRAFT:
        return _draft_page(request, context, prompt_import)
    context["issues"] = prompt_import.issues.all()[:50]
    template = "curation/import_detail.html"
    return render(request, f"{template}#progress" if request.htmx else template, context)  # type: ignore[attr-defined]  # set by HtmxMiddleware


@require_POST
@login_required
def import_start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt_import = get_object_or_404(PromptImport, pk=pk, project=access.project)
    try:
        form = _mapping_form(request.POST, draft_head(prompt_import))
        if not form.is_valid():
            raise CurationError("Choose the column that holds the prompt, then start the import.")
        service.import_start(prompt_import=prompt_import, mapping=form.mapping())
    except CurationError as error:
        messages.error(request, str(error))
    return redirect("curation:import-detail", slug=slug, pk=pk)


@require_POST
@login_required
def import_restart(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt_import = get_object_or_404(PromptImport, pk=pk, project=access.project)
    try:
        service.import_restart(prompt_import=prompt_import)
    except CurationError as error:
        messages.info(request, str(error))
    else:
        messages.success(request, "The import is queued again and continues where it stopped.")
    return redirect("curation:import-detail", slug=slug, pk=pk)


@login_required
def import_discard(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    prompt_import = PromptImport.objects.filter(pk=pk, project=access.project).first()
    if prompt_import is None:  # a second press of the button: the draft is gone already
        return redirect("curation:import-create", slug=slug)
    if request.method != "POST":
        context = {"access": access, "prompt_import": prompt_import}
        return render(request, "curation/import_discard.html", context)
    try:
        service.import_discard(prompt_import=prompt_import)
    except CurationError as error:
        messages.info(request, str(error))
        return redirect("curation:import-detail", slug=slug, pk=pk)
    messages.success(request, f"The file {prompt_import.file_name} was deleted.")
    if prompt_import.state == PromptImport.State.DRAFT:
        return redirect("curation:import-create", slug=slug)
    return redirect("curation:import-detail", slug=slug, pk=pk)


@login_required
def import_issues(request: HttpRequest, slug: str, pk: int) -> StreamingHttpResponse:
    access = researcher_access(request, slug)
    prompt_import = get_object_or_404(PromptImport, pk=pk, project=access.project)
    headers = {"Content-Disposition": f'attachment; filename="import-{pk}-issues.csv"'}
    return StreamingHttpResponse(_issue_lines(prompt_import), content_type="text/csv", headers=headers)


def _issue_lines(prompt_import: PromptImport) -> Iterator[str]:
    issues = ImportIssue.objects.filter(prompt_import=prompt_import)
    rows = issues.values_list("line", "reason", "excerpt")
    return csv_lines(["line", "reason", "excerpt"], rows.iterator())


def _mapping_form(data: QueryDict, head: list[FileRow]) -> MappingForm:
    values = [row.value for row in head if row.value is not None]
    return MappingForm(
        data if "prompt" in data else None, columns=columns_of(values), guess=guess_mapping(values)
    )


def _draft_page(
    request: HttpRequest, context: dict[str, object], prompt_import: PromptImport
) -> HttpResponse:
    """The file read as the query says, or as its first rows look."""
    try:
        head = draft_head(prompt_import)
    except CurationError as error:
        return render(request, "curation/import_mapping.html", {**context, "error": str(error)})
    recognised = recognise([row.value for row in head if row.value is not None])
    read_as = request.GET.get("read_as", recognised.name if recognised else "prompts")
    context["recognised"] = recognised
    if read_as in FORMATS:
        return preference_page(request, context, prompt_import, head, FORMATS[read_as])
    return _mapping_page(request, context, head)


def _mapping_page(request: HttpRequest, context: dict[str, object], head: list[FileRow]) -> HttpResponse:
    """The mapping, from the query or guessed, and how the first rows would land under it."""
    form = _mapping_form(request.GET, head)
    values = [row.value for row in head if row.value is not None]
    mapping = form.mapping() if form.is_bound and form.is_valid() else guess_mapping(values)
    sample = service.import_sample(head[:PREVIEW_ROWS], mapping)
    template = "curation/import_mapping.html"
    read_as = ReadAsForm("prompts")
    context |= {"form": form, "sample": sample, "unreadable": not values, "read_as": read_as}
    return render(request, f"{template}#preview" if request.htmx else template, context)  # type: ignore[attr-defined]  # set by HtmxMiddleware
