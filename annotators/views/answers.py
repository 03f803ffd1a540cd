"""The rows behind the numbers of a campaign: on pages, and as a file."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from annotators.answer_file import answer_lines
from annotators.bounded import slice_within
from annotators.forms import AnswerFilterForm
from annotators.models import Assignment, Campaign
from annotators.policies import person_names, project_campaign, sees_names
from curation.policies import Access, reviewer_access

PAGE_SIZE = 50
WAIT_MS = 3000


@login_required
@require_GET
def campaign_answers(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    form = answer_filter(request, access, campaign)
    answers = Assignment.objects.filter(campaign=campaign).narrowed(**form.narrowing()).answered()
    page = slice_within(answers.with_answers(), PAGE_SIZE, request.GET.get("page", ""), milliseconds=WAIT_MS)
    names = person_names(campaign, named=sees_names(access, campaign))
    context = {
        "access": access,
        "campaign": campaign,
        "form": form,
        "page": page,
        "rows": [(row, names.get(row.annotator_id, "")) for row in page.rows] if page else [],
    }
    return render(request, "annotators/campaign_answers.html", context)


@login_required
@require_GET
def campaign_answers_csv(request: HttpRequest, slug: str, pk: int) -> StreamingHttpResponse:
    """The same rows with everything that was said, line by line."""
    access = reviewer_access(request, slug)
    campaign = project_campaign(access, pk)
    narrowing = answer_filter(request, access, campaign).narrowing()
    answers = Assignment.objects.filter(campaign=campaign).narrowed(**narrowing).order_by("answered_at", "pk")
    names = person_names(campaign, named=sees_names(access, campaign))
    lines = answer_lines(answers.filter(state=Assignment.State.DONE), names)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="answers-campaign-{campaign.pk}.csv"'
    return response


def answer_filter(request: HttpRequest, access: Access, campaign: Campaign) -> AnswerFilterForm:
    """Without names nobody can be singled out, so there is no filter by person either."""
    named = sees_names(access, campaign)
    people = list(person_names(campaign, named=True).items()) if named else []
    return AnswerFilterForm(request.GET, campaign=campaign, people=people)
