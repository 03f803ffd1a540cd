"""Agreement and reliability: of a whole project, of a campaign, and what follows for a person."""

from __future__ import annotations

from typing import Protocol

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotators.errors import ParticipationError
from annotators.forms_quality import DifferForm, ParticipationPauseForm
from annotators.models import Campaign, Participation
from annotators.policies import project_campaign
from annotators.quality.pages import quality_standing, report_context
from annotators.services import participation_manage
from annotators.services.quality_build import quality_request
from config.settings.env import BASE_DIR
from curation.consensus_methods import method_label
from curation.models import Pair
from curation.policies import Access, researcher_access
from curation.views.standing import is_poll, standing_part

PAGE_SIZE = 50
HELP = BASE_DIR / "docs" / "quality.md"


@login_required
@require_GET
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """All raters of the project: people, imported people and judges."""
    access = researcher_access(request, slug)
    return report_page(request, access, None)


@login_required
@require_GET
def campaign_quality(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return report_page(request, access, project_campaign(access, pk))


def report_page(request: HttpRequest, access: Access, campaign: Campaign | None) -> HttpResponse:
    """The page; for htmx, while a report is on its way, only where it stands, and a reload at the end."""
    if is_poll(request):
        return standing_part(request, access, quality_standing(access.project, campaign))
    context = {"access": access, "campaign": campaign, **report_context(access.project, campaign)}
    return render(request, "annotators/quality.html", context)


@login_required
@require_POST
def agreement_build(request: HttpRequest, slug: str) -> HttpResponse:
    access = researcher_access(request, slug)
    quality_request(project=access.project, campaign=None, user=access.user)
    return redirect("annotators:agreement", slug=slug)


@login_required
@require_POST
def campaign_quality_build(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    quality_request(project=access.project, campaign=campaign, user=access.user)
    return redirect("annotators:campaign-quality", slug=slug, pk=pk)


@login_required
@require_GET
def agreement_differ(request: HttpRequest, slug: str) -> HttpResponse:
    """The pairs on which two consensus methods do not conclude the same."""
    access = researcher_access(request, slug)
    form = DifferForm(request.GET or None)
    pairs, labels = Pair.objects.none(), {}
    if form.is_valid():
        pairs = Pair.objects.for_project(access.project).differing(**form.cleaned_data)
        labels = {key: method_label(name) for key, name in form.cleaned_data.items()}
    page = Paginator(pairs.with_texts().with_answers(), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"access": access, "form": form, "page": page, **labels}
    return render(request, "annotators/agreement_differ.html", context)


@login_required
@require_GET
def agreement_help(request: HttpRequest, slug: str) -> HttpResponse:
    """What each number means: the chapter of the documentation."""
    access = researcher_access(request, slug)
    text = HELP.read_text(encoding="utf-8")
    return render(request, "annotators/agreement_help.html", {"access": access, "text": text})


@login_required
@require_POST
def participation_pause(request: HttpRequest, slug: str, pk: int, user_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    standing = campaign_standing(access, pk, user_pk)
    form = ParticipationPauseForm(request.POST)
    try:
        n = participation_manage.participation_pause(standing=standing, reason=form.reason_given())
    except ParticipationError as error:
        messages.error(request, str(error))
    else:
        back = f"{n} open pair{'s' if n != 1 else ''} went back to the others" if n else "nothing was open"
        messages.success(request, f"{standing.user} gets no more pairs; {back}.")
    return redirect("annotators:campaign-people", slug=slug, pk=pk)


@login_required
@require_POST
def participation_resume(request: HttpRequest, slug: str, pk: int, user_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    standing = campaign_standing(access, pk, user_pk)
    return participation_act(
        request, access, standing, participation_manage.participation_resume, "goes on where they were."
    )


@login_required
@require_POST
def participation_admit(request: HttpRequest, slug: str, pk: int, user_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    standing = campaign_standing(access, pk, user_pk)
    return participation_act(
        request, access, standing, participation_manage.participation_admit, "takes part from now on."
    )


@login_required
@require_POST
def participation_retry(request: HttpRequest, slug: str, pk: int, user_pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    standing = campaign_standing(access, pk, user_pk)
    return participation_act(
        request, access, standing, participation_manage.participation_retry,
        "has another try, with gold pairs they have not met.",
    )  # fmt: skip


class ParticipationAct(Protocol):
    """A service that changes where a person stands, or raises ParticipationError."""

    def __call__(self, *, standing: Participation) -> object: ...


def participation_act(
    request: HttpRequest, access: Access, standing: Participation, service: ParticipationAct, said: str
) -> HttpResponse:
    try:
        service(standing=standing)
    except ParticipationError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{standing.user} {said}")
    return redirect("annotators:campaign-people", slug=access.project.slug, pk=standing.campaign_id)


def campaign_standing(access: Access, pk: int, user_pk: int) -> Participation:
    """A person's standing in a campaign of the project, or 404."""
    standings = Participation.objects.select_related("campaign", "user")
    standing: Participation = get_object_or_404(
        standings, campaign=project_campaign(access, pk), user=user_pk
    )
    return standing
