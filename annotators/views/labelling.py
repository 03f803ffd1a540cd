"""What annotators see all day: what is open for them, and one pair at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.middleware import HtmxDetails

from annotators.answer_parse import parse_answer
from annotators.answers import SkipReason, answer_words, choices_for
from annotators.errors import AlreadyAnsweredError, AnswerError, LabelError
from annotators.models import Assignment, Campaign, Participation
from annotators.policies import labelling_campaign, own_assignment
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from annotators.services.label_undo import label_undo
from config.templatetags.display import markdown
from curation.models import Response
from curation.policies import Access, member_access


class HtmxRequest(HttpRequest):
    """A request as django-htmx's middleware leaves it."""

    htmx: HtmxDetails


@dataclass(frozen=True)
class ShownResponse:
    """A response on its side, or by its number in a ranking."""

    raw: str
    side: str = ""
    number: int = 0

    @property
    def text(self) -> str:
        return self.raw

    @property
    def html(self) -> SafeString:
        return markdown(self.raw)

    def mask(self, start: int, end: int) -> str:
        return self.raw[start:end]


LEFT_COUNTED = 1000  # counting stops here: "over 1,000 left" costs the same however large the campaign


@dataclass(frozen=True)
class Notice:
    """What to tell the annotator about their last action."""

    level: int
    text: str

    @property
    def css(self) -> str:
        return {messages.SUCCESS: "good", messages.INFO: "info", messages.ERROR: "bad"}.get(
            self.level, "warn"
        )


@login_required
@require_GET
def work(request: HtmxRequest, slug: str) -> HttpResponse:
    """What is open for me."""
    access = member_access(request, slug)
    running = access.project.campaigns.filter(state=Campaign.State.RUNNING)
    campaigns = list(running.with_standing(access.user).order_by("pk"))
    following = next((campaign for campaign in campaigns if campaign.n_left), None)
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
@require_POST
@never_cache
def answer(request: HtmxRequest, slug: str, pk: int) -> HttpResponse:
    """Record my answer and show the next pair."""
    access = member_access(request, slug)
    assignment = own_assignment(access, pk)
    try:
        given = parse_answer(assignment.campaign.task, assignment, request.POST)
    except AnswerError as error:
        wrong = {"parts_error": error, "given": dict(request.POST.lists())}
        return turn_page(request, access, assignment.campaign, status=400, wrong=wrong)
    try:
        judgment = label_submit(assignment_id=assignment.pk, user=access.user, answer=given)
        words = (
            f"Recorded: {answer_words(judgment.outcome, judgment.preference, judgment.skip_reason).lower()}."
        )
        notice = Notice(messages.SUCCESS, words)
    except AlreadyAnsweredError as error:
        notice = Notice(messages.INFO, str(error))
    except LabelError as error:
        notice = Notice(messages.WARNING, str(error))
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
        notice = Notice(messages.SUCCESS, "Your last answer was taken back; here is the pair again.")
    except LabelError as error:
        notice = Notice(messages.WARNING, str(error))
    return turn_next(request, access, campaign, notice)


def turn_next(request: HtmxRequest, access: Access, campaign: Campaign, notice: Notice) -> HttpResponse:
    """The next pair in the same response for htmx, and by redirect without JavaScript."""
    if request.htmx:
        return turn_page(request, access, campaign, notice)
    messages.add_message(request, notice.level, notice.text)
    return redirect("annotators:label", slug=access.project.slug, campaign_pk=campaign.pk)


def turn_page(
    request: HtmxRequest,
    access: Access,
    campaign: Campaign,
    notice: Notice | None = None,
    *,
    status: int = 200,
    wrong: dict[str, Any] | None = None,
) -> HttpResponse:
    template = "annotators/assignment_label.html" + ("#turn" if request.htmx else "")
    context = {"access": access, "campaign": campaign, "notice": notice, **turn_context(access, campaign)}
    context |= wrong or {}
    return render(request, template, context, status=status)


def turn_context(access: Access, campaign: Campaign) -> dict[str, Any]:
    """The pair and how far the person is. Nothing in it names a model, a rater or another answer."""
    stopped, assignment = "", None
    try:
        assignment = assignment_claim(campaign=campaign, user=access.user)
    except LabelError as error:
        stopped = str(error)
    standing = Participation.objects.filter(campaign=campaign, user=access.user).first()
    n_mine = standing.n_answered if standing else 0
    claimable = campaign.campaign_pairs.claimable_by(access.user)[: LEFT_COUNTED + 1]
    held = Assignment.objects.filter(campaign=campaign, annotator=access.user, state=Assignment.State.OPEN)
    n_left = claimable.count() + held.count()
    turns = assignment.pair.prompt.messages if assignment else []
    fold = len(turns) > 2
    return {
        "assignment": assignment,
        "stopped": stopped,
        "earlier": turns[:-1] if fold else [],
        "latest": turns[-1:] if fold else turns,
        "guideline": assignment.guideline if assignment else campaign.guidelines.first(),
        "n_mine": n_mine,
        "n_left": min(n_left, LEFT_COUNTED),
        "n_total": n_mine + n_left,
        "left_is_bounded": n_left > LEFT_COUNTED,
        "choices": choices_for(campaign.task),
        "task": campaign.task,
        **(shown_responses(assignment) if assignment else {}),
        "skip_reasons": SkipReason.choices,
    }


def shown_responses(assignment: Assignment) -> dict[str, Any]:
    if assignment.order:
        texts = Response.objects.in_bulk(assignment.order)
        listed = enumerate(assignment.order, start=1)
        return {"listed": [ShownResponse(texts[pk].text, number=number) for number, pk in listed]}
    return {
        "left": ShownResponse(assignment.left_response.text, side="left"),
        "right": ShownResponse(assignment.right_response.text, side="right"),
    }
