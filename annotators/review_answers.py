"""What people answered about one pair, as a reviewer sees it."""

from __future__ import annotations

from dataclasses import dataclass
from string import ascii_uppercase

from annotators.algorithms.assignment import is_rushed
from annotators.answer_shown import ShownPart, shown_parts
from annotators.decisions import response_words
from annotators.models import Assignment, CampaignPair
from curation.models import Response


@dataclass(frozen=True)
class ShownAnswer:
    """`person` is a name, or “Person 2”, numbered anew on each pair; `left` is the response on the left."""

    person: str
    words: str
    left: str
    seconds: float | None
    is_rushed: bool
    parts: list[ShownPart]
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
    given = given.select_related("judgment", "annotator").order_by("slot", "pk")
    return [
        shown_answer(assignment, campaign_pair, str(assignment.annotator) if names else f"Person {number}")
        for number, assignment in enumerate(given, start=1)
    ]


def shown_answer(assignment: Assignment, campaign_pair: CampaignPair, person: str) -> ShownAnswer:
    said = assignment.judgment
    if said is None:
        raise ValueError(f"{assignment} has no answer")
    pair, took = campaign_pair.pair, said.duration_ms
    said.pair = pair  # read already, and marked passages need its texts
    chars = len(pair.response_a.text) + len(pair.response_b.text)
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
        # An order is told in the letters of this page; the part numbers responses as that person saw them.
        parts=[part for part in shown_parts(said) if part.name != "Ranking"],
        guideline=said.guideline,
    )


def ranking_words(ranking: list[list[int]], campaign_pair: CampaignPair) -> str:
    """“C, then A and B alike”."""
    letters = dict(zip(sorted(campaign_pair.responses or []), ascii_uppercase, strict=False))
    groups = [sorted(letters[response] for response in group) for group in ranking]
    return ", then ".join(" and ".join(group) + (" alike" if len(group) > 1 else "") for group in groups)
