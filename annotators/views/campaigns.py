"""Campaigns for those who run them: the list, the live page, start, pause and close."""

from __future__ import annotations

from typing import Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from annotators.errors import CampaignError
from annotators.live import live_context
from annotators.models import Campaign
from annotators.policies import person_names, project_campaign, sees_names
from annotators.services import campaign_manage
from annotators.views.labelling import HtmxRequest
from curation.policies import Access, researcher_access, reviewer_access

PAGE_SIZE = 50


@login_required
@require_GET
def campaign_list(request: HtmxRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaigns = access.project.campaigns.with_progress().with_activity()
    page = Paginator(campaigns, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "annotators/campaign_list.html", {"access": access, "page": page})


@login_required
@require_GET
def campaign_detail(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    """The live page; its own fragment asks for itself again while the campaign runs."""
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    named = sees_names(access, campaign)
    context = {
        "access": access,
        "campaign": campaign,
        "named": named,
        "guideline": campaign.guidelines.first(),
        **live_context(campaign, timezone.now(), names=person_names(campaign, named=named)),
    }
    template = "annotators/campaign_detail.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


@login_required
@require_POST
def campaign_start(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_start)


@login_required
@require_POST
def campaign_pause(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_pause)


@login_required
@require_POST
def campaign_close(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return move(request, access, pk, campaign_manage.campaign_close)


class Move(Protocol):
    """A service that moves a campaign to another state, or raises CampaignError."""

    def __call__(self, *, campaign: Campaign) -> Campaign: ...


def move(request: HtmxRequest, access: Access, pk: int, service: Move) -> HttpResponse:
    campaign = project_campaign(access, pk)
    try:
        service(campaign=campaign)
    except CampaignError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"“{campaign.name}” is {campaign.get_state_display().lower()} now.")
    return redirect("annotators:campaign-detail", slug=access.project.slug, pk=pk)
