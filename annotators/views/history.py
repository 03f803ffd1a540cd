"""What a person did: their answers, which they may change while the campaign runs, and their own numbers."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from annotators.answer_parse import parse_answer
from annotators.answers import answer_words
from annotators.edit_page import opened_at, opened_token
from annotators.errors import AnswerError, LabelError
from annotators.history import Cursor, history_page, history_rows, own_campaigns
from annotators.me import own_numbers
from annotators.models import Assignment
from annotators.policies import own_assignment
from annotators.services.label_revise import label_revise, refuse_unless_revisable
from annotators.services.turns import refuse_unless_running
from annotators.turn_page import turn_context
from annotators.turn_read import turn_read
from curation.policies import Access, member_access


@login_required
@require_GET
@never_cache
def work_history(request: HttpRequest, slug: str) -> HttpResponse:
    """My answers, newest first."""
    access = member_access(request, slug)
    campaigns = own_campaigns(access.project, access.user)
    asked = request.GET.get("campaign", "")
    chosen = campaigns.filter(pk=asked) if asked.isascii() and asked.isdigit() else campaigns
    page = history_page(access.user, chosen, Cursor.parse(request.GET.get("before", "")))
    context = {
        "access": access,
        "campaigns": campaigns,
        "chosen": asked,
        "rows": history_rows(page),
        "following": page.following,
    }
    return render(request, "annotators/work_history.html", context)


@login_required
@require_GET
@never_cache
def work_me(request: HttpRequest, slug: str) -> HttpResponse:
    """My own numbers."""
    access = member_access(request, slug)
    numbers = own_numbers(access.project, access.user, timezone.now().date())
    return render(request, "annotators/work_me.html", {"access": access, "numbers": numbers})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def answer_edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change an answer of mine."""
    access = member_access(request, slug)
    own = own_assignment(access, pk)
    assignment = turn_read(own.pk)
    if request.method != "POST":
        return edit_page(request, access, assignment)
    try:
        answer = parse_answer(assignment.campaign.task, assignment, request.POST)
    except AnswerError as error:
        return edit_page(request, access, assignment, error)
    opened = opened_at(assignment, request.POST.get("opened", ""))
    try:
        given = label_revise(assignment_id=pk, user=access.user, answer=answer, opened_at=opened)
    except LabelError as error:
        messages.warning(request, str(error))
        return redirect("annotators:answer-edit", slug=slug, pk=pk)
    words = answer_words(given.outcome, given.preference, given.skip_reason).lower()
    messages.success(request, f"Your answer to that pair is now: {words}.")
    return redirect("annotators:work-history", slug=slug)


def edit_page(
    request: HttpRequest, access: Access, assignment: Assignment, wrong: AnswerError | None = None
) -> HttpResponse:
    """With the answer that stands, or, where one was refused, as it was sent."""
    sent = {name: request.POST.getlist(name) for name in request.POST} if wrong else None
    context = {
        "access": access,
        "campaign": assignment.campaign,
        "stopped": why_not(assignment),
        "parts_error": wrong,
        "opened": opened_token(assignment),
        **turn_context(assignment, sent),
    }
    return render(request, "annotators/answer_edit.html", context, status=400 if wrong else 200)


def why_not(assignment: Assignment) -> str:
    """Why the answer cannot be changed; empty where it can."""
    try:
        refuse_unless_running(assignment.campaign)
        refuse_unless_revisable(assignment)
    except LabelError as error:
        return str(error)
    return ""
