"""The people of a campaign: how far each is, how long they worked, and who is added."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from annotators.errors import ParticipationError
from annotators.forms.people import PeriodForm, PersonAddForm
from annotators.models import Campaign
from annotators.people_table import person_rows, standings
from annotators.policies import project_campaign
from annotators.services.participation_add import participation_add as add
from annotators.worktime import Period, work_days
from curation.csv_lines import csv_lines
from curation.policies import Access, researcher_access

PAGE_SIZE = 50
TIMES = ["person", "day", "answers", "skips", "corrections", "seconds", "first", "last"]


@login_required
@require_GET
def campaign_people(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    return people_page(request, access, project_campaign(access, pk), PersonAddForm())


@login_required
@require_POST
def participation_add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    form = PersonAddForm(request.POST)
    if form.is_valid():
        try:
            standing = add(campaign=campaign, **form.cleaned_data)
        except ParticipationError as error:
            form.add_error("identifier", str(error))
        else:
            messages.success(request, f"{standing.user} takes part in “{campaign.name}” now.")
            return redirect("annotators:campaign-people", slug=slug, pk=pk)
    return people_page(request, access, campaign, form)


@login_required
@require_GET
def campaign_times(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Who worked when and how long, for payment."""
    access = researcher_access(request, slug)
    campaign = project_campaign(access, pk)
    form = PeriodForm(request.GET, today=timezone.now().date())
    if not form.is_valid():
        wrong = "\n".join(str(words) for errors in form.errors.values() for words in errors)
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    period = form.period()
    name = f"times-{campaign.pk}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = csv_lines(TIMES, time_rows(campaign, period))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def time_rows(campaign: Campaign, period: Period) -> Iterator[list[object]]:
    names = dict(campaign.participations.values_list("user_id", "user__username"))
    for work in work_days([campaign.pk], period):
        moments = [at.astimezone(UTC).isoformat(timespec="seconds") for at in (work.first, work.last)]
        counts = [work.answers, work.skips, work.corrections, f"{work.seconds:.1f}"]
        yield [names[work.user_id], work.day.isoformat(), *counts, *moments]


def people_page(
    request: HttpRequest, access: Access, campaign: Campaign, form: PersonAddForm
) -> HttpResponse:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = PeriodForm(request.GET if request.method == "GET" else {}, today=now.date())
    period = asked.period()
    people = standings(campaign, now=now, midnight=midnight)
    page = Paginator(people, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "campaign": campaign,
        "form": form,
        "asked": asked.filled_in(),
        "period": period,
        "page": page,
        "rows": person_rows(campaign, page.object_list, period),
    }
    return render(request, "annotators/campaign_people.html", context)
