"""A person's own answers, for their own eyes: nothing here tells a gold pair from another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from annotators.models import Assignment, Campaign
from curation.models import Project, User

PAGE_SIZE = 50


@dataclass(frozen=True)
class Cursor:
    """A place in a list that is sorted by time, newest first."""

    answered_at: datetime
    pk: int

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """None for what is no cursor."""
        moment, _, pk = text.rpartition("_")
        try:
            at = datetime.fromisoformat(moment)
            return cls(at, int(pk)) if at.tzinfo else None
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.answered_at.isoformat()}_{self.pk}"


@dataclass(frozen=True)
class HistoryPage:
    rows: list[Assignment]
    following: Cursor | None


def own_campaigns(project: Project, user: User) -> QuerySet[Campaign]:
    """Those the person takes part in."""
    campaigns: QuerySet[Campaign] = Campaign.objects.filter(project=project, participations__user=user)
    return campaigns


def history_page(user: User, campaigns: QuerySet[Campaign], before: Cursor | None) -> HistoryPage:
    """Answers that stand, newest first, from the cursor on; it costs the same however far back."""
    mine = Assignment.objects.filter(annotator=user, campaign__in=campaigns).answered()
    if before is not None:
        tied = Q(answered_at=before.answered_at, pk__lt=before.pk)
        mine = mine.filter(Q(answered_at__lt=before.answered_at) | tied, answered_at__lte=before.answered_at)
    rows = list(mine.select_related("campaign", "pair__prompt", "judgment")[: PAGE_SIZE + 1])
    if len(rows) <= PAGE_SIZE:
        return HistoryPage(rows, None)
    last = rows[PAGE_SIZE - 1]
    if last.answered_at is None:
        raise ValueError(f"{last} is answered and has no time")
    return HistoryPage(rows[:PAGE_SIZE], Cursor(last.answered_at, last.pk))


def own_words(assignment: Assignment) -> str:
    """The answer as the person gave it: left and right, or the numbers under which responses were listed."""
    ranking = assignment.judgment.attributes.get("ranking") if assignment.judgment else None
    return ", then ".join(ranked(ranking, assignment.order or [])) if ranking else assignment.words


def ranked(ranking: list[list[int]], order: list[int]) -> Iterator[str]:
    for group in ranking:
        numbers = sorted(order.index(response) + 1 for response in group)
        yield " and ".join(map(str, numbers)) + (" alike" if len(numbers) > 1 else "")


def can_revise(assignment: Assignment) -> bool:
    """Whether the page offers to change the answer."""
    checked = assignment.purpose == Assignment.Purpose.QUALIFICATION
    return assignment.campaign.state == Campaign.State.RUNNING and not checked


def history_rows(page: HistoryPage) -> list[dict[str, Any]]:
    return [
        {"assignment": each, "words": own_words(each), "can_revise": can_revise(each)} for each in page.rows
    ]
