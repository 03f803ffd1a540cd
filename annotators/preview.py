"""What an annotator of a campaign would see, put together without opening anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from annotators.answers import choices_for
from annotators.models import Assignment, Campaign, CampaignPair
from config.markdown import render_markdown
from curation.models import Response
from curation.models.judgments import Side


@dataclass(frozen=True)
class Shown:
    """A response as the labelling page offers it to the parts."""

    side: str
    number: int
    text: str

    @property
    def raw(self) -> str:
        return self.text

    @cached_property
    def html(self) -> SafeString:
        return mark_safe(render_markdown(self.text))  # noqa: S308 -- sanitised by render_markdown

    def mask(self, start: int, end: int) -> str:
        return self.text[start:end]


def preview_context(campaign: Campaign, wanted: str) -> dict[str, Any]:
    """The pair at place `wanted` of the queue, or the first; nothing in it says who wrote what.

    The assignment that the parts read is never saved.
    """
    queue = campaign.campaign_pairs.filter(gold=None).select_related(
        "pair__prompt", "pair__response_a", "pair__response_b"
    )
    place = int(wanted) if wanted.isdecimal() and len(wanted) < 9 else 1
    queued: CampaignPair | None = queue.filter(position__gte=place).first() or queue.first()
    task = campaign.task
    if queued is None:
        return {"queued": None, "task": task}
    turns = queued.pair.prompt.messages
    fold = len(turns) > 2
    assignment = Assignment(
        campaign=campaign, campaign_pair=queued, pair=queued.pair, left=Side.A, order=queued.responses
    )
    place = queued.position or 1
    return {
        "queued": queued,
        "task": task,
        "assignment": assignment,
        "left": Shown("left", 1, assignment.left_response.text),
        "right": Shown("right", 2, assignment.right_response.text),
        "listed": listed(queued),
        "given": {},
        "earlier": turns[:-1] if fold else [],
        "latest": turns[-1:] if fold else turns,
        "choices": choices_for(task) if task.kind == "pairwise" else [],
        "guideline": campaign.guidelines.first(),
        "following": place + 1 if place < campaign.n_pairs else None,
    }


def listed(queued: CampaignPair) -> list[Shown]:
    """The responses of a ranking, numbered."""
    order = queued.responses or []
    found = Response.objects.in_bulk(order)
    return [Shown("", number, found[pk].text) for number, pk in enumerate(order, start=1)]
