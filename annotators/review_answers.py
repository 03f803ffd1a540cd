"""What people answered about one pair, as a reviewer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from annotators.algorithms.assignment import is_rushed
from annotators.decisions import response_words
from annotators.models import Assignment, CampaignPair
from curation.models import Judgment, Response

Outcome = Judgment.Outcome


@dataclass(frozen=True)
class ShownAnswer:
    """`person` is a name, or “Person 2”, numbered anew on each pair; `left` is the response on the left."""

    person: str
    words: str
    left: str
    seconds: float | None
    is_rushed: bool
    rationale: str
    attributes: dict[str, Any]
    rewrite: str
    guideline: int | None


@dataclass(frozen=True)
class ShownResponse:
    letter: str
    text: str


def shown_responses(campaign_pair: CampaignPair) -> list[ShownResponse]:
    """A and B in their canonical order, and in a ranking the others after them."""
    pair = campaign_pair.pair
    if campaign_pair.responses is None:
        texts = [pair.response_a.text, pair.response_b.text]
    else:
        by_id = dict(Response.objects.filter(pk__in=campaign_pair.responses).values_list("pk", "text"))
        texts = [by_id[pk] for pk in sorted(by_id)]
    return [ShownResponse(letter, text) for letter, text in zip(ascii_uppercase, texts, strict=False)]


def shown_answers(campaign_pair: CampaignPair, *, names: bool) -> list[ShownAnswer]:
    """Every answer that stands, in the order of the places they took."""
    given = Assignment.objects.filter(campaign_pair=campaign_pair, state=Assignment.State.DONE)
    given = given.select_related("judgment", "annotator").prefetch_related("implied__pair__response_b")
    given = given.prefetch_related("implied__judgment").order_by("slot", "pk")
    return [
        shown_answer(assignment, campaign_pair, str(assignment.annotator) if names else f"Person {number}")
        for number, assignment in enumerate(given, start=1)
    ]


def shown_answer(assignment: Assignment, campaign_pair: CampaignPair, person: str) -> ShownAnswer:
    said = assignment.judgment
    if said is None:
        raise ValueError(f"{assignment} has no answer")
    pair, took = campaign_pair.pair, said.duration_ms
    chars = len(pair.response_a.text) + len(pair.response_b.text)
    attributes = {name: value for name, value in said.attributes.items() if name != "ranking"}
    ranking = said.attributes.get("ranking")
    return ShownAnswer(
        person=person,
        words=ranking_words(ranking, campaign_pair)
        if ranking
        else response_words(said.left, said.outcome, said.preference, said.skip_reason),
        left=said.left.upper(),
        seconds=assignment.seconds,
        # A correction takes a moment: the time of the first answer was weighed when that was given.
        is_rushed=took is not None and said.supersedes_id is None and is_rushed(took, chars),
        rationale=said.rationale,
        attributes=attributes,
        rewrite=rewrite_of(assignment),
        guideline=said.guideline,
    )


def ranking_words(ranking: list[list[int]], campaign_pair: CampaignPair) -> str:
    """“C, then A and B alike”."""
    letters = dict(zip(sorted(campaign_pair.responses or []), ascii_uppercase, strict=False))
    groups = [sorted(letters[response] for response in group) for group in ranking]
    return ", then ".join(" and ".join(group) + (" alike" if len(group) > 1 else "") for group in groups)


def rewrite_of(assignment: Assignment) -> str:
    """The person's own version of the better response; empty where they wrote none."""
    for implied in assignment.implied.all():
        response = implied.pair.response_b
        if implied.judgment.outcome != Outcome.WITHDRAWN and response.author_id == assignment.annotator_id:
            return response.text
    return ""
