"""Two dataset versions side by side: what came, went and changed, why, and every measure of both."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from curation.comparison_pages import comparison_context, comparison_standing
from curation.forms.comparisons import ComparisonForm
from curation.policies import Access, reviewer_access
from curation.services.comparison_build import comparison_request
from curation.views.standing import is_poll, standing_part


@login_required
@require_GET
def dataset_comparison(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; for htmx, while a comparison is on its way, only where it stands, and a reload at the end."""
    access = reviewer_access(request, slug)
    form = ComparisonForm(request.GET.dict(), project=access.project)
    if not form.is_valid():
        return comparison_page(request, access, form)
    old, new, kind, why = (form.cleaned_data[name] for name in ("old", "new", "kind", "why"))
    if is_poll(request):
        return standing_part(request, access, comparison_standing(old, new))
    number = request.GET.get("page")
    return comparison_page(
        request, access, form, **comparison_context(old=old, new=new, kind=kind, why=why, number=number)
    )


@login_required
@require_POST
def comparison_build(request: HttpRequest, slug: str) -> HttpResponse:
    """Reviewers may, too: it reads what they can see, and writes nothing else."""
    access = reviewer_access(request, slug)
    form = ComparisonForm(request.POST.dict(), project=access.project)
    if not form.is_valid():
        return comparison_page(request, access, form)
    old, new = form.cleaned_data["old"], form.cleaned_data["new"]
    comparison_request(old=old, new=new, user=access.user, again=form.cleaned_data["again"])
    query = urlencode({"old": old.number, "new": new.number})
    return HttpResponseRedirect(f"{reverse('curation:dataset-comparison', args=[slug])}?{query}")


def comparison_page(
    request: HttpRequest, access: Access, form: ComparisonForm, **context: Any
) -> HttpResponse:
    status = 200 if form.is_valid() or form.n_versions < 2 else 400
    context |= {"access": access, "form": form}
    return render(request, "curation/dataset_comparison.html", context, status=status)
