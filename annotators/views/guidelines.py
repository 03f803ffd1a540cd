"""The guidelines of a campaign: the next version, and what changed between two."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from annotators.algorithms.text_diff import word_diff
from annotators.forms import GUIDELINES, GuidelineForm
from annotators.forms.guidelines import VersionsForm
from annotators.models import Guideline
from annotators.policies import project_campaign
from annotators.services.guideline_save import guideline_save
from curation.policies import researcher_access


@login_required
def guideline_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    current = campaign.guidelines.first()
    form = GuidelineForm(request.POST or None, initial={"text": current.text if current else GUIDELINES})
    if form.is_valid():
        guideline = guideline_save(campaign=campaign, text=form.cleaned_data["text"])
        messages.success(request, f"Version {guideline.number} of the guidelines is what annotators see now.")
        return redirect("annotators:campaign-detail", slug=slug, pk=pk)
    versions = list(campaign.guidelines.with_answer_counts())
    compared = VersionsForm(request.GET or None, numbers=[version.number for version in versions])
    context = {
        "access": access,
        "campaign": campaign,
        "current": current,
        "form": form,
        "versions": versions,
        "compared": compared,
        "changes": changes_of(versions, compared),
    }
    return render(request, "annotators/guideline_edit.html", context)


def changes_of(versions: list[Guideline], compared: VersionsForm) -> list[tuple[str, str]] | None:
    """The word diff between the two versions asked for, or between the last two; None while there is one."""
    texts = {version.number: version.text for version in versions}
    chosen = compared.chosen()
    if chosen is None:
        return None
    old, new = chosen
    return list(word_diff(texts[old], texts[new]))
