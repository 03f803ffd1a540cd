"""A person's own numbers, for their own eyes: nothing here tells a gold pair from another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Sum

from annotators.algorithms.own_agreement import OwnAgreement, own_agreement
from annotators.history import own_campaigns
from annotators.models import Assignment, Participation
from annotators.querysets import said
from annotators.worktime import Period, WorkDay, work_days, work_times
from config.charts import Columns, columns
from curation.models import Judgment, Project, User

DAYS = 30
COMPARED = 1000  # the person's newest answers, so that the page costs the same after years

FIRST = """
WITH RECURSIVE said AS (
    SELECT id AS head, id, supersedes_id FROM curation_judgment WHERE id = ANY (%s)
    UNION ALL
    SELECT said.head, j.id, j.supersedes_id
    FROM said JOIN curation_judgment j ON j.id = said.supersedes_id
)
SELECT id, head FROM said WHERE supersedes_id IS NULL
"""


@dataclass(frozen=True)
class OwnNumbers:
    """`pace` is answers an hour of work. `days` are those with work, newest first."""

    answered: int
    today: int
    seconds: float
    median_seconds: float | None
    pace: float | None
    days: list[WorkDay]
    chart: Columns | None
    agreement: OwnAgreement | None


def own_numbers(project: Project, user: User, today: date) -> OwnNumbers:
    """Over the campaigns of a project; time and pace over the last DAYS days."""
    campaigns = list(own_campaigns(project, user).values_list("pk", flat=True))
    period = Period.days(DAYS, until=today)
    days = list(work_days(campaigns, period, user.pk))
    time = work_times(campaigns, period, user.pk).get(user.pk)
    standings = Participation.objects.filter(user=user, campaign__in=campaigns)
    n_given, seconds = sum(day.answers + day.skips for day in days), time.seconds if time else 0.0
    return OwnNumbers(
        answered=standings.aggregate(n=Sum("n_answered"))["n"] or 0,
        today=sum(day.answers + day.skips for day in days if day.day == today),
        seconds=seconds,
        median_seconds=time.median_seconds if time else None,
        pace=n_given / seconds * 3600 if seconds else None,
        days=days[::-1],
        chart=columns(per_day(days, period), label="Pairs answered per day"),
        agreement=agreement_with_others(project, user),
    )


def per_day(days: list[WorkDay], period: Period) -> list[tuple[str, int]]:
    """A count for every day of the period, those without work too."""
    n_on = {day.day: day.answers + day.skips for day in days}
    every = [period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)]
    return [(f"{day.day} {day:%b}", n_on.get(day, 0)) for day in every]


def agreement_with_others(project: Project, user: User) -> OwnAgreement | None:
    """With the majority of the others, where as many people answered as the campaign asks, two at least.

    The person counts with the answer they gave first: were it the one that stands, changing it and looking
    again would tell what the others said. Pairs that check people count by the same rule as all others, so
    no figure sets them apart.
    """
    shared = Assignment.objects.filter(
        annotator=user, state=Assignment.State.DONE, campaign__project=project, campaign__overlap__gte=2
    ).exclude(purpose=Assignment.Purpose.QUALIFICATION)
    newest = shared.order_by("-answered_at", "-pk").values_list(
        "judgment_id", "campaign_pair_id", "campaign__overlap"
    )
    pair_of, asked = {}, {}
    for head, pair, overlap in newest[:COMPARED]:
        pair_of[head], asked[pair] = pair, overlap
    mine = {pair_of[head]: vote for head, vote in first_answers(list(pair_of)).items()}
    others: dict[int, list[str]] = defaultdict(list)
    answers = Assignment.objects.filter(campaign_pair__in=asked, state=Assignment.State.DONE)
    for pair, vote in (
        answers.exclude(annotator=user)
        .annotate(said=said("judgment"))
        .values_list("campaign_pair_id", "said")
    ):
        others[pair].append(vote)
    complete = {pair: votes for pair, votes in others.items() if len(votes) + 1 >= asked[pair]}
    return own_agreement(dict(sorted(mine.items())), complete)


def first_answers(heads: Sequence[int]) -> dict[int, str]:
    """What the first judgment of each chain says about responses a and b, by the id of the chain's head."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST, [list(heads)])
        head_of: dict[int, int] = dict(cursor.fetchall())
    first = Judgment.objects.filter(pk__in=head_of).with_winner().values_list("pk", "winner", "outcome")
    return {head_of[pk]: winner or outcome for pk, winner, outcome in first}
