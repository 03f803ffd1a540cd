"""Campaigns for those who run them: make, watch, start, pause, close, and read the answers."""

from __future__ import annotations

from typing import Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from annotators.answers import answer_words
from annotators.errors import CampaignError
from annotators.forms import GUIDELINES, AnswerFilterForm, CampaignForm, GuidelineForm
from annotators.models import Assignment, Campaign
from annotators.policies import project_campaign
from annotators.services import campaign_manage
from annotators.services.campaign_create import campaign_create as create
from annotators.services.guideline_save import guideline_save
from curation.policies import Access, researcher_access, reviewer_access

PAGE_SIZE = 50


@login_required
@require_GET
def campaign_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaigns = access.project.campaigns.with_progress()
    page = Paginator(campaigns, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "annotators/campaign_list.html", {"access": access, "page": page})


@login_required
def campaign_create(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    form = CampaignForm(request.POST or None)
    if form.is_valid():
        try:
            campaign = create(project=access.project, user=access.user, **form.campaign(access.project))
        except CampaignError as error:
            form.add_error(None, str(error))
        else:
            return redirect("annotators:campaign-detail", slug=slug, pk=campaign.pk)
    return render(request, "annotators/campaign_create.html", {"access": access, "form": form})


@login_required
@require_GET
def campaign_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    progress = Campaign.objects.with_progress().get(pk=campaign.pk)
    people = Assignment.objects.per_person(campaign, timezone.now())
    tally = Assignment.objects.tally(campaign)
    context = {
        "access": access,
        "campaign": campaign,
        "people": people,
        "n_done": progress.n_done,
        "n_slots": progress.n_slots,
        "n_open": sum(person["n_open"] for person in people),
        "tally": [
            {"words": answer_words(outcome, preference, reason), "outcome": outcome, "n": n}
            for outcome, preference, reason, n in tally
        ],
        "guideline": campaign.guidelines.first(),
    }
    return render(request, "annotators/campaign_detail.html", context)


@login_required
@require_GET
def campaign_answers(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The rows behind the numbers of a campaign."""
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    answered = Assignment.objects.filter(campaign=campaign).answered()
    form = AnswerFilterForm(request.GET, people=answered.people())
    page = Paginator(answered.for_review(**form.narrowing()), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"access": access, "campaign": campaign, "form": form, "page": page}
    return render(request, "annotators/campaign_answers.html", context)


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
    context = {"access": access, "campaign": campaign, "current": current, "form": form}
    return render(request, "annotators/guideline_edit.html", context)


@login_required
@require_POST
def campaign_start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_start)


@login_required
@require_POST
def campaign_pause(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_pause)


@login_required
@require_POST
def campaign_close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_close)


class Move(Protocol):
    """A service that moves a campaign to another state, or raises CampaignError."""

    def __call__(self, *, campaign: Campaign) -> Campaign: ...


def move(request: HttpRequest, access: Access, pk: int, service: Move) -> HttpResponse:
    campaign = project_campaign(access, pk)
    try:
        service(campaign=campaign)
    except CampaignError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{campaign.name}” is {campaign.get_state_display().lower()} now.")
    return redirect("annotators:campaign-detail", slug=access.project.slug, pk=pk)
