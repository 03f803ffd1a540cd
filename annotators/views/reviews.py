"""Pairs on which people disagree: the queue, one pair with everything said about it, and the decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from annotators.decisions import decisions_for
from annotators.errors import ReviewError
from annotators.forms.reviews import DecisionForm, ReturnForm, ReviewFilterForm
from annotators.models import Campaign, CampaignPair, Review
from annotators.policies import may_reopen, project_campaign, queued_pair, sees_names
from annotators.review_answers import shown_answers, shown_responses
from annotators.review_summary import review_counts
from annotators.services.review_decide import answered_by
from annotators.services.review_decide import review_decide as decide
from annotators.services.review_reopen import review_reopen as reopen
from annotators.services.review_return import review_return as send_back
from curation.policies import Access, reviewer_access

PAGE_SIZE = 50
State = CampaignPair.Review


@login_required
@require_GET
def review_list(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    form = ReviewFilterForm(request.GET, project=access.project)
    rows = decided(access, form) if form.state_shown == State.DECIDED else waiting(access, form)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"access": access, "form": form, "page": page, "state": form.state_shown}
    return render(request, "annotators/review_list.html", context)


@login_required
@require_GET
def campaign_reviews(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The queue of one campaign."""
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    return redirect(reverse("annotators:review-list", args=[slug]) + f"?campaign={campaign.pk}")


def waiting(access: Access, form: ReviewFilterForm) -> QuerySet[CampaignPair]:
    """The queue, or what was sent to one more person."""
    pairs = CampaignPair.objects.filter(campaign__project=access.project, **form.narrowing())
    if form.state_shown == State.RETURNED:
        rows = pairs.filter(review=State.RETURNED).order_by("pk")
    else:
        rows = pairs.to_review()
    return rows.select_related("campaign", "pair__prompt")


def decided(access: Access, form: ReviewFilterForm) -> QuerySet[Review]:
    """Decisions in force, newest first."""
    rows = Review.objects.standing().filter(
        campaign_pair__campaign__project=access.project, **form.narrowing("campaign_pair__")
    )
    if cause := form.cleaned_data.get("cause"):
        rows = rows.filter(cause=cause)
    if person := form.cleaned_data.get("person"):
        named = rows if access.is_researcher else rows.filter(campaign_pair__campaign__names_shown=True)
        rows = named.against(person)
    return rows.select_related(
        "campaign_pair__campaign", "campaign_pair__pair__prompt", "judgment", "reviewer"
    )


@login_required
@require_GET
def review_summary(request: HttpRequest, slug: str) -> HttpResponse:
    access = reviewer_access(request, slug)
    form = ReviewFilterForm(request.GET, project=access.project)
    counts = review_counts(access, form.cleaned_data.get("campaign"))
    context = {"access": access, "campaign": form.cleaned_data.get("campaign"), "counts": counts}
    campaigns = Campaign.objects.filter(project=access.project)
    return render(request, "annotators/review_summary.html", {**context, "campaigns": campaigns})


@login_required
@require_GET
def review_detail(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    return pair_page(request, access, queued_pair(access, pk))


@login_required
@require_POST
def review_decide(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaign_pair = queued_pair(access, pk)
    form = DecisionForm(request.POST, choices=decisions_for(campaign_pair.campaign.task))
    if not form.is_valid():
        return pair_page(request, access, campaign_pair, form, status=400)
    try:
        review = decide(campaign_pair=campaign_pair, user=access.user, **form.decision())
    except ReviewError as error:
        messages.error(request, str(error))
        return redirect("annotators:review-detail", slug=slug, pk=pk)
    messages.success(request, f"Decided: {review.words}.")
    return redirect(next_url(request, access, campaign_pair))


@login_required
@require_POST
def review_return(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaign_pair = queued_pair(access, pk)
    form = ReturnForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    try:
        send_back(campaign_pair=campaign_pair, user=access.user, note=note)
    except ReviewError as error:
        messages.error(request, str(error))
        return redirect("annotators:review-detail", slug=slug, pk=pk)
    messages.success(request, "Sent to one more person. It comes back here once they have answered.")
    return redirect(next_url(request, access, campaign_pair))


@login_required
@require_POST
def review_reopen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaign_pair = queued_pair(access, pk)
    review = campaign_pair.reviews.filter(act=Review.Act.DECIDED).first()
    if review is None or not may_reopen(access, review.reviewer_id):
        raise Http404("No decision that this member may take back.")
    try:
        reopen(review=review)
    except ReviewError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The decision was taken back; the pair waits for a reviewer again.")
    return redirect("annotators:review-detail", slug=slug, pk=pk)


def pair_page(
    request: HttpRequest,
    access: Access,
    campaign_pair: CampaignPair,
    form: DecisionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    campaign = campaign_pair.campaign
    choices = decisions_for(campaign.task)
    history = list(campaign_pair.reviews.select_related("reviewer", "judgment"))
    decision = next((each for each in history if each.act == Review.Act.DECIDED), None)
    is_decided = campaign_pair.review == State.DECIDED
    context: dict[str, Any] = {
        "access": access,
        "campaign_pair": campaign_pair,
        "campaign": campaign,
        "responses": shown_responses(campaign_pair),
        "answers": shown_answers(campaign_pair, names=sees_names(access, campaign)),
        "named": sees_names(access, campaign),
        "guideline": campaign.guidelines.first(),
        "history": history,
        "decision": decision if is_decided else None,
        "may_reopen": is_decided and decision is not None and may_reopen(access, decision.reviewer_id),
        "is_waiting": campaign_pair.review in {State.OPEN, State.RETURNED},
        "is_own": answered_by(campaign_pair, access.user),
        "choices": choices,
        "causes": Review.Cause.choices,
        "form": form or DecisionForm(None, choices=choices),
        "next_url": next_url(request, access, campaign_pair),
    }
    return render(request, "annotators/review_detail.html", context, status=status)


def next_url(request: HttpRequest, access: Access, campaign_pair: CampaignPair) -> str:
    """The next pair of the queue as the reviewer filtered it, from its start when the end is reached; the
    list when nothing else waits."""
    form = ReviewFilterForm(request.GET, project=access.project)
    queue = CampaignPair.objects.filter(campaign__project=access.project, **form.narrowing()).to_review()
    others = queue.exclude(pk=campaign_pair.pk)
    following = others.after(campaign_pair).first() or others.first()
    slug = access.project.slug
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    if following is None:
        return reverse("annotators:review-list", args=[slug]) + query
    return reverse("annotators:review-detail", args=[slug, following.pk]) + query
