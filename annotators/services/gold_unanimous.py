"""Make gold of pairs on which people agree without exception."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, Max, Min, QuerySet, When

from annotators.errors import GoldError
from annotators.models import GoldPair
from annotators.services.gold_spread import gold_spread
from curation.models import Judgment, Project, Rater, User

FEWEST = 2


@transaction.atomic
def gold_from_unanimous(*, project: Project, user: User, min_people: int, limit: int) -> int:
    """Mark up to `limit` pairs, those most people agree on first; returns how many. Pairs that are or were
    gold stay as they are. Raises GoldError for a number that makes no sense."""
    if min_people < FEWEST or limit < 1:
        raise GoldError(f"At least {FEWEST} people must agree, and at least one pair be asked for.")
    found = unanimous(project, min_people)[:limit]
    made = GoldPair.objects.bulk_create(
        [
            GoldPair(
                project=project,
                pair_id=row["pair"],
                expected=row["low"],
                source=GoldPair.Source.UNANIMOUS,
                explanation=f"{row['n_people']} people gave this answer, and nobody another one.",
                created_by=user,
            )
            for row in found
        ],
        ignore_conflicts=True,
    )
    gold_spread(project=project)
    return len(made)


def unanimous(project: Project, min_people: int) -> QuerySet[Judgment, dict[str, Any]]:
    """Pairs that at least so many people answered, all alike, those with most people first; skips and
    reviewers' decisions say nothing."""
    answers = (
        Judgment.objects.for_project(project)
        .counted()
        .filter(rater__kind=Rater.Kind.PERSON, pair__gold=None)
        .exclude(outcome=Judgment.Outcome.SKIP)
        .exclude(source=Judgment.Source.ADJUDICATED)
        .with_winner()
        .annotate(label=Case(When(winner="", then=F("outcome")), default=F("winner")))
    )
    per_pair = (
        answers.order_by()
        .values("pair")
        .annotate(n_people=Count("rater", distinct=True), low=Min("label"), high=Max("label"))
    )
    agreed = per_pair.filter(low=F("high"), n_people__gte=min_people)
    found: QuerySet[Judgment, dict[str, Any]] = agreed.order_by("-n_people", "pair")
    return found
