"""What annotators see all day: what is open for them, and one pair at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from annotators.algorithms.word_diff import word_diff
from annotators.answer_parse import parse_answer
from annotators.answers import Answer, SkipReason, answer_words
from annotators.errors import AlreadyAnsweredError, AnswerError, DraftError, LabelError
from annotators.keymap import effective_keys, key_rows
from annotators.models import Assignment, Campaign, LabelSettings
from annotators.policies import labelling_campaign, own_assignment
from annotators.services.assignment_claim import assignment_claim
from annotators.services.assignment_keep import assignment_keep, draft_parse
from annotators.services.label_submit import label_submit
from annotators.services.label_undo import label_undo
from annotators.standing import progress_of
from annotators.turn_page import Feedback, gold_feedback, turn_context
from annotators.turn_read import turn_read
from annotators.work import open_campaigns
from curation.policies import Access, member_access


class HtmxRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


LEVELS = {
    "recorded": messages.SUCCESS, "undone": messages.SUCCESS, "already": messages.INFO,
    "refused": messages.WARNING, "invalid": messages.ERROR,
}  # fmt: skip
CSS = {
    messages.SUCCESS: "good", messages.INFO: "info", messages.WARNING: "warn", messages.ERROR: "bad",
}  # fmt: skip


@dataclass(frozen=True)
class Notice:
    """What became of the person's last action. `outcome` is what their page acts on: recorded, already (it
    had been before), refused, invalid or undone."""

    outcome: str
    text: str
    feedback: Feedback | None = None

    @property
    def level(self) -> int:
        return LEVELS[self.outcome]

    @property
    def css(self) -> str:
        return CSS[self.level]


@login_required
@require_GET
def work(request: HtmxRequest, slug: str) -> HttpResponse:
    """What is open for me."""
    access = member_access(request, slug)
    campaigns = open_campaigns(access.project, access.user)
    following = next((each for each in campaigns if each.n_left), None)
    context = {"access": access, "campaigns": campaigns, "following": following}
    return render(request, "annotators/work_list.html", context)


@login_required
@require_GET
@never_cache
def label(request: HtmxRequest, slug: str, campaign_pk: int) -> HttpResponse:
    """The pair in front of me; a reload shows the same one."""
    access = member_access(request, slug)
    campaign = labelling_campaign(access, campaign_pk)
    return turn_page(request, access, campaign)


@login_required
@require_GET
@never_cache
def label_next(request: HtmxRequest, slug: str, campaign_pk: int) -> HttpResponse:
    """The turn that comes after the one on my screen, as a fragment for the page to keep."""
    access = member_access(request, slug)
    campaign = labelling_campaign(access, campaign_pk)
    context = claimed(campaign, access, whole_number(request.GET.get("have")))
    return turn_fragment(request, access, campaign, context)


@login_required
@require_POST
@never_cache
def answer(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    """Record my answer and show the next pair."""
    access = member_access(request, slug)
    assignment = own_assignment(access, pk)
    try:
        given = parse_answer(assignment.campaign.task, assignment, request.POST)
    except AnswerError as error:
        return turn_again(request, access, assignment, error)
    notice = submitted(access, assignment, given, whole_number(request.POST.get("turn")))
    return turn_next(request, access, assignment.campaign, notice)


@login_required
@require_POST
@never_cache
def undo(request: HtmxRequest, slug: str, campaign_pk: int) -> HttpResponse:
    """Take my last answer back and show its pair again."""
    access = member_access(request, slug)
    campaign = labelling_campaign(access, campaign_pk)
    try:
        label_undo(campaign=campaign, user=access.user)
        notice = Notice("undone", "Your last answer was taken back; here is the pair again.")
    except LabelError as error:
        notice = Notice("refused", str(error))
    return turn_next(request, access, campaign, notice)


@login_required
@require_POST
@never_cache
def label_keep(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    """Renew the lease of what is on my screen, and keep what I filled in."""
    access = member_access(request, slug)
    assignment = own_assignment(access, pk)
    try:
        draft = draft_parse(request.POST["draft"]) if "draft" in request.POST else None
    except DraftError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    turn = whole_number(request.POST.get("turn")) or assignment.turn
    if assignment_keep(assignment=assignment, user=access.user, turn=turn, draft=draft):
        return HttpResponse(status=204)
    words = "This pair is no longer reserved for you. Answer it soon, or go on to the next one."
    return HttpResponse(words, status=409, content_type="text/plain; charset=utf-8")


@login_required
@require_GET
@never_cache
def label_diff(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    """Both responses of my pair as raw text, with the words marked that only one of them has."""
    access = member_access(request, slug)
    own_assignment(access, pk)
    context = turn_context(turn_read(pk))
    try:
        left, right = word_diff(context["left"].text, context["right"].text)
        context |= {"left_pieces": left, "right_pieces": right}
    except ValueError:
        context |= {"too_long": True}
    template = "annotators/assignment_diff.html" + ("#diff" if request.htmx else "")
    return render(
        request, template, {"access": access, "campaign": context["assignment"].campaign, **context}
    )


def submitted(access: Access, assignment: Assignment, given: Answer, turn: int | None) -> Notice:
    """Record the answer, and what to tell the person about it."""
    try:
        judgment = label_submit(assignment_id=assignment.pk, user=access.user, answer=given, turn=turn)
    except AlreadyAnsweredError as error:
        return Notice("already", str(error))
    except LabelError as error:
        return Notice("refused", str(error))
    words = answer_words(judgment.outcome, judgment.preference, judgment.skip_reason)
    if "ranking" in judgment.attributes:
        words = f"Your ranking of {len(assignment.order or [])} responses"
    feedback = None
    if assignment.purpose == Assignment.Purpose.QUALIFICATION:
        feedback = gold_feedback(assignment.campaign, assignment.pk)
    return Notice("recorded", f"Recorded: {words[0].lower()}{words[1:]}.", feedback)


def claimed(campaign: Campaign, access: Access, have: int | None) -> dict[str, Any]:
    """The turn to show, or why there is none."""
    try:
        return turn_context(assignment_claim(campaign=campaign, user=access.user, have=have))
    except LabelError as error:
        return {**turn_context(None), "stopped": str(error)}


def turn_next(request: HtmxRequest, access: Access, campaign: Campaign, notice: Notice) -> HttpResponse:
    """The next turn in the same response for a page with scripts, and by redirect without."""
    if request.htmx:
        context = claimed(campaign, access, whole_number(request.POST.get("have")))
        return turn_fragment(request, access, campaign, context, notice=notice)
    said = notice.feedback.words if notice.feedback else ""
    explained = notice.feedback.explanation if notice.feedback else ""
    messages.add_message(request, notice.level, " ".join(filter(None, (notice.text, said, explained))))
    return redirect("annotators:label", slug=access.project.slug, campaign_pk=campaign.pk)


def turn_again(
    request: HtmxRequest, access: Access, assignment: Assignment, error: AnswerError
) -> HttpResponse:
    """The same turn with what is wrong with the answer, filled in as it was sent."""
    given = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
    context = turn_context(turn_read(assignment.pk), given)
    context["parts_error"] = error
    notice = Notice("invalid", str(error))
    return turn_page(request, access, assignment.campaign, context=context, notice=notice, status=400)


def turn_page(
    request: HtmxRequest,
    access: Access,
    campaign: Campaign,
    *,
    context: dict[str, Any] | None = None,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page, or the turn alone for a page with scripts."""
    if request.htmx:
        shown = context or claimed(campaign, access, None)
        return turn_fragment(request, access, campaign, shown, notice=notice, status=status)
    settings = LabelSettings.objects.filter(user=access.user).first() or LabelSettings(user=access.user)
    keys = effective_keys(settings.keys)
    shown = {
        "task": campaign.task,
        **(context or claimed(campaign, access, None)),
        "access": access,
        "campaign": campaign,
        "notice": notice,
        "whole": True,
        "progress": progress_of(campaign, access.user),
        "settings": settings,
        "keys_json": json.dumps(keys),
        "key_rows": key_rows(keys, campaign.task),
        "skip_reasons": SkipReason.choices,
    }
    return render(request, "annotators/assignment_label.html", shown, status=status)


def turn_fragment(
    request: HtmxRequest,
    access: Access,
    campaign: Campaign,
    context: dict[str, Any],
    *,
    notice: Notice | None = None,
    status: int = 200,
) -> HttpResponse:
    known = {"access": access, "campaign": campaign, "notice": notice, **context}
    known["known_guideline"] = whole_number(request.headers.get("X-Guideline"))
    return render(request, "annotators/_turn.html", known, status=status)


def whole_number(raw: str | None) -> int | None:
    """A number from a form or an address; None for what is none."""
    return int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) < 19 else None
