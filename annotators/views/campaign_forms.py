"""Make a campaign, change one, and look at what its people will see."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET

from annotators.bounded import count_within
from annotators.errors import CampaignError
from annotators.forms import CampaignEditForm, CampaignForm, PairChoiceForm
from annotators.forms.edits import fixed_settings
from annotators.models import Campaign
from annotators.policies import project_campaign
from annotators.preview import preview_context
from annotators.services.campaign_create import campaign_create as create
from annotators.services.campaign_update import campaign_update as update
from curation.policies import Access, researcher_access

COUNT_MS = 1500


@login_required
def campaign_create(request: HttpRequest, slug: str) -> HttpResponse:
    """The form; a button of its own counts the pairs or fills in a preset, and makes nothing."""
    access = researcher_access(request, slug)
    action = request.POST.get("action", "make")
    form = create_form(request, access)
    if action == "preset":
        form = form.with_preset()
    elif action == "count":
        form = form.as_typed()
    elif form.is_valid():
        try:
            campaign = create(project=access.project, user=access.user, **form.campaign())
        except CampaignError as error:
            form.refuse(error)
        else:
            return redirect("annotators:campaign-detail", slug=slug, pk=campaign.pk)
    context = {"access": access, "form": form, "others": access.project.campaigns.only("pk", "name")[:100]}
    if request.method == "POST":
        context |= count_context(PairChoiceForm(request.POST, project=access.project))
    return render(request, "annotators/campaign_create.html", context)


def create_form(request: HttpRequest, access: Access) -> CampaignForm:
    like = request.GET.get("like", "")
    if like and request.method == "GET":
        if not like.isdecimal():
            raise Http404("No such campaign.")
        return CampaignForm.like(get_object_or_404(Campaign, pk=int(like), project=access.project))
    return CampaignForm(request.POST or None, project=access.project)


@login_required
@require_GET
def campaign_count(request: HttpRequest, slug: str) -> HttpResponse:
    """How many pairs the filters of the form match: a fragment of its page."""
    access = researcher_access(request, slug)
    form = PairChoiceForm(request.GET, project=access.project)
    context = {"access": access, **count_context(form)}
    return render(request, "annotators/campaign_create.html#form-count", context)


def count_context(form: PairChoiceForm) -> dict[str, object]:
    """`n_pairs`, or None where it takes too long to count; what is wrong with the filters, if anything is."""
    if not form.is_valid():
        return {"counted": True, "filter_errors": True}
    return {
        "counted": True,
        "n_pairs": count_within(form.pairs, milliseconds=COUNT_MS),
        "limit": form.cleaned_data["limit"],
    }


@login_required
def campaign_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    form = CampaignEditForm(request.POST or None, campaign=campaign)
    if form.is_valid():
        try:
            update(campaign=campaign, **form.changes())
        except CampaignError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. It holds from the next pair that anyone opens.")
            return redirect("annotators:campaign-detail", slug=slug, pk=pk)
    context = {"access": access, "campaign": campaign, "form": form, "fixed": fixed_settings(campaign)}
    return render(request, "annotators/campaign_edit.html", context)


@login_required
@require_GET
def campaign_preview(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The labelling page with a pair of the campaign's own queue; nothing is opened or recorded."""
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    context = {
        "access": access,
        "campaign": campaign,
        **preview_context(campaign, request.GET.get("pair", "")),
    }
    return render(request, "annotators/campaign_preview.html", context)
