"""What an annotator of a campaign would see, put together without opening anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template

from annotators.answers import choices_for
from annotators.models import Campaign, CampaignPair
from config.markdown import render_markdown
from curation.models import Response

PARTS = "annotators/parts/all.html"


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
    def html(self) -> str:
        return render_markdown(self.text)

    def mask(self, start: int, end: int) -> str:
        return self.text[start:end]


def preview_context(campaign: Campaign, wanted: str) -> dict[str, Any]:
    """The pair at position `wanted` of the queue, or the first; nothing of it says who wrote what."""
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
    return {
        "queued": queued,
        "task": task,
        "left": Shown("left", 1, queued.pair.response_a.text),
        "right": Shown("right", 2, queued.pair.response_b.text),
        "listed": listed(queued),
        "given": {},
        "earlier": turns[:-1] if fold else [],
        "latest": turns[-1:] if fold else turns,
        "choices": choices_for(task) if task.kind == "pairwise" else [],
        "parts": parts_template(),
        "guideline": campaign.guidelines.first(),
        "following": queued.position + 1 if queued.position and queued.position < campaign.n_pairs else None,
    }


def listed(queued: CampaignPair) -> list[Shown]:
    """The responses of a ranking, numbered."""
    found = Response.objects.in_bulk(queued.responses or [])
    return [
        Shown("", n, found[pk].text) for n, pk in enumerate(queued.responses or [], start=1) if pk in found
    ]


def parts_template() -> Any:
    try:
        return get_template(PARTS)
    except TemplateDoesNotExist:
        return None
