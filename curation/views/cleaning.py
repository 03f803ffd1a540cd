"""Cleaning: near duplicates and personal data, found by a worker and excluded by a rule."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from curation.algorithms.patterns import NAMES
from curation.cleaning_pages import (
    cleaning_standing,
    clusters_page,
    findings_page,
    index_recall,
    language_findings_page,
    language_rows,
    n_excluded_by,
    pattern_counts,
)
from curation.forms.cleaning import (
    DuplicatesForm,
    FindingsExcludeForm,
    FindingsForm,
    KeepOneForm,
    LanguagesExcludeForm,
    LanguagesForm,
    NeighboursForm,
)
from curation.models import CleaningReport
from curation.policies import Access, researcher_access
from curation.services.cleaning_build import cleaning_request
from curation.services.prompt_exclude import (
    duplicates_exclude,
    exclusions_lift,
    findings_exclude,
    languages_exclude,
)
from curation.views.standing import is_poll, standing_part

Kind = CleaningReport.Kind
PAGES = {
    Kind.DUPLICATES: "curation:cleaning-duplicates",
    Kind.NEIGHBOURS: "curation:cleaning-neighbours",
    Kind.PATTERNS: "curation:cleaning-patterns",
    Kind.LANGUAGES: "curation:cleaning-languages",
}


@login_required
@require_GET
def duplicates(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    if is_poll(request):
        return standing_part(request, access, cleaning_standing(access.project, Kind.DUPLICATES))
    return duplicates_page(request, access, DuplicatesForm())


@login_required
@require_POST
def duplicates_find(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = DuplicatesForm(request.POST)
    if not form.is_valid():
        return duplicates_page(request, access, form)
    cleaning_request(project=access.project, kind=Kind.DUPLICATES, params=form.params(), user=access.user)
    return redirect("curation:cleaning-duplicates", slug=slug)


@login_required
@require_POST
def duplicates_keep_one(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    report = done_report(access, pk, kind__in=[Kind.DUPLICATES, Kind.NEIGHBOURS])
    form = KeepOneForm(request.POST)
    if form.is_valid():
        n = duplicates_exclude(report=report, user=access.user, **form.cleaned_data)
        messages.success(request, f"{n:,} prompt{'s' if n != 1 else ''} excluded. Nothing was deleted.")
    else:
        messages.error(request, "Choose which prompt of each cluster is kept.")
    return redirect(PAGES[Kind(report.kind)], slug=slug)


@login_required
@require_GET
def neighbours(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    if is_poll(request):
        return standing_part(request, access, cleaning_standing(access.project, Kind.NEIGHBOURS))
    return neighbours_page(request, access, NeighboursForm(project=access.project))


@login_required
@require_POST
def neighbours_find(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = NeighboursForm(request.POST, project=access.project)
    if not form.is_valid():
        return neighbours_page(request, access, form)
    cleaning_request(project=access.project, kind=Kind.NEIGHBOURS, params=form.params(), user=access.user)
    return redirect("curation:cleaning-neighbours", slug=slug)


@login_required
@require_GET
def patterns(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    if is_poll(request):
        return standing_part(request, access, cleaning_standing(access.project, Kind.PATTERNS))
    form = FindingsForm(request.GET)
    kind = form.chosen().get("kind", "")
    standing = cleaning_standing(access.project, Kind.PATTERNS)
    context: dict[str, Any] = {"access": access, "form": form, "standing": standing, "kind": kind}
    if standing.done is not None:
        context |= {
            "report": standing.done,
            "counts": pattern_counts(standing.done),
            "page": findings_page(standing.done, kind, request.GET.get("page")),
            "exclude": FindingsExcludeForm(initial={"kind": kind or None}, auto_id="exclude_%s"),
            "n_excluded": n_excluded_by(standing.done),
        }
    return render(request, "curation/cleaning_patterns.html", context)


@login_required
@require_POST
def patterns_find(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    cleaning_request(project=access.project, kind=Kind.PATTERNS, params={}, user=access.user)
    return redirect("curation:cleaning-patterns", slug=slug)


@login_required
@require_POST
def patterns_exclude(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    report = done_report(access, pk, kind=Kind.PATTERNS)
    form = FindingsExcludeForm(request.POST)
    if form.is_valid():
        reason = f"found: {NAMES[form.cleaned_data['kind']]}"
        n = findings_exclude(report=report, reason=reason, user=access.user, **form.cleaned_data)
        messages.success(request, f"{n:,} prompt{'s' if n != 1 else ''} excluded. Nothing was deleted.")
    else:
        messages.error(request, "Choose what the prompts to exclude have in them.")
    return redirect("curation:cleaning-patterns", slug=slug)


@login_required
@require_GET
def languages(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    if is_poll(request):
        return standing_part(request, access, cleaning_standing(access.project, Kind.LANGUAGES))
    return languages_page(request, access)


@login_required
@require_POST
def languages_find(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    cleaning_request(project=access.project, kind=Kind.LANGUAGES, params={}, user=access.user)
    return redirect("curation:cleaning-languages", slug=slug)


@login_required
@require_POST
def languages_exclude_found(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    report = done_report(access, pk, kind=Kind.LANGUAGES)
    form = LanguagesExcludeForm(request.POST, languages=[row.code for row in language_rows(report)])
    if not form.is_valid():
        return languages_page(request, access, form)
    n = languages_exclude(report=report, user=access.user, **form.chosen())
    messages.success(request, f"{n:,} prompt{'s' if n != 1 else ''} excluded. Nothing was deleted.")
    return redirect("curation:cleaning-languages", slug=slug)


@login_required
@require_POST
def cleaning_restore(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take everything back in that a report had excluded."""
    access = researcher_access(request, slug)
    report = done_report(access, pk)
    n = exclusions_lift(report=report, user=access.user)
    messages.success(request, f"{n:,} prompt{'s are' if n != 1 else ' is'} used again.")
    return redirect(PAGES[Kind(report.kind)], slug=slug)


def duplicates_page(request: HttpRequest, access: Access, form: DuplicatesForm) -> HttpResponse:
    context = clusters_context(request, access, Kind.DUPLICATES) | {"form": form}
    return render(request, "curation/cleaning_duplicates.html", context)


def neighbours_page(request: HttpRequest, access: Access, form: NeighboursForm) -> HttpResponse:
    context = clusters_context(request, access, Kind.NEIGHBOURS) | {"form": form}
    context["is_embedded"] = form.initial["embedder"] is not None
    if "report" in context:
        context["recall"] = index_recall(context["report"])
    return render(request, "curation/cleaning_neighbours.html", context)


def languages_page(
    request: HttpRequest, access: Access, exclude: LanguagesExcludeForm | None = None
) -> HttpResponse:
    standing = cleaning_standing(access.project, Kind.LANGUAGES)
    context: dict[str, Any] = {"access": access, "standing": standing}
    if standing.done is not None:
        rows = language_rows(standing.done)
        codes = [row.code for row in rows]
        form = LanguagesForm(request.GET, languages=codes)
        context |= {
            "report": standing.done,
            "rows": rows,
            "form": form,
            "page": language_findings_page(standing.done, **form.asked(), number=request.GET.get("page")),
            "exclude": exclude or LanguagesExcludeForm(languages=codes, auto_id="exclude_%s"),
            "n_excluded": n_excluded_by(standing.done),
        }
    return render(request, "curation/cleaning_languages.html", context)


def clusters_context(request: HttpRequest, access: Access, kind: Kind) -> dict[str, Any]:
    """What a page of clusters shows of the last report of its kind."""
    standing = cleaning_standing(access.project, kind)
    context: dict[str, Any] = {"access": access, "standing": standing}
    if standing.done is not None:
        page, clusters = clusters_page(standing.done, request.GET.get("page"))
        context |= {
            "report": standing.done,
            "page": page,
            "clusters": clusters,
            "keep": KeepOneForm(),
            "n_excluded": n_excluded_by(standing.done),
        }
    return context


def done_report(access: Access, pk: int, **fields: Any) -> CleaningReport:
    """A report of the project that is done, or 404."""
    reports = CleaningReport.objects.filter(project=access.project, state=CleaningReport.State.DONE, **fields)
    report: CleaningReport = get_object_or_404(reports, pk=pk)
    return report
