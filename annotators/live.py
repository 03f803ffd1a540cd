"""What the live page of a campaign shows: how far it is, how fast, until when, and who does it.

Nothing here reads every answer: counts come from the participations and from ranges of an index, and what
needs the answers themselves looks at the newest RECENT of them and says so.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet

from annotators.algorithms.arms import Arm, compare_arms
from annotators.algorithms.forecast import Forecast, Window, forecast
from annotators.answers import answer_words
from annotators.models import Assignment, Campaign, CampaignPair, Participation, QualityReport
from annotators.querysets import count_of
from config.charts import Columns, columns
from curation.models import Judgment

RECENT = 5_000
PEOPLE_SHOWN = 100
HOURS, DAYS = 24, 14
# One count of an index range for each stretch: grouping by a truncated time would sort every row of the span.
ANSWERS_BY = """
SELECT start, (SELECT count(*) FROM annotators_assignment
    WHERE campaign_id = %s AND state = 'done' AND answered_at >= start AND answered_at < start + %s::interval)
FROM generate_series(%s::timestamptz, %s::timestamptz, %s::interval) start ORDER BY start
"""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Pace:
    """How fast answers come in."""

    today: int
    per_hour: float | None  # over the last 24 hours
    n_people: int  # who answered in them
    hours: Columns | None
    days: Columns | None
    forecast: Forecast | None


@dataclass(frozen=True)
class Recent:
    """What the newest answers say; `whole` where those are all there are."""

    n: int
    whole: bool
    median_seconds: float | None
    tally: list[dict[str, Any]]
    arms: dict[bool, Arm]


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's α with its interval, from the newest quality report."""

    alpha: float
    low: float | None
    high: float | None
    at: datetime | None


def people_of(campaign: Campaign, now: datetime) -> QuerySet[Participation]:
    """Who takes part, the busiest first, with `n_day`, `n_today` and `n_open`."""
    theirs = Assignment.objects.filter(campaign=campaign, annotator=OuterRef("user"))
    done = theirs.filter(state="done")
    return (
        campaign.participations.select_related("user")
        .annotate(
            n_day=count_of(done.filter(answered_at__gte=now - DAY), "annotator"),
            n_today=count_of(done.filter(answered_at__gte=midnight(now)), "annotator"),
            n_open=count_of(theirs.filter(state="open", leased_until__gte=now), "annotator"),
        )
        .order_by("-n_answered", "pk")
    )


def pace_of(
    campaign: Campaign, *, remaining: int, slot_share: float, people: list[Any], now: datetime
) -> Pace:
    """`slot_share` of all answers fill a slot; the others check people, and bring the finish no nearer."""
    first = (
        Assignment.objects.filter(campaign=campaign, state="done")
        .order_by("answered_at")
        .values_list("answered_at", flat=True)
        .first()
    )
    hours = answers_by(campaign, now.replace(minute=0, second=0, microsecond=0), HOUR, HOURS)
    days = answers_by(campaign, midnight(now), DAY, DAYS)
    age, in_day = now - (first or now), sum(n for _, n in hours)
    counted = {
        ("24 hours", DAY): in_day,
        ("7 days", 7 * DAY): sum(n for _, n in days[-7:]),
        ("14 days", DAYS * DAY): sum(n for _, n in days),
    }
    windows = [Window(label, span, round(n * slot_share)) for (label, span), n in counted.items()]
    return Pace(
        today=days[-1][1],
        per_hour=in_day / (max(min(age, DAY), HOUR) / HOUR) if in_day else None,
        n_people=sum(person.n_day > 0 for person in people),
        hours=columns([(f"{at:%H}:00", n) for at, n in hours], label="Answers by hour, last 24 hours, UTC"),
        days=columns([(f"{at.day} {at:%b}", n) for at, n in days], label="Answers by day, last 14 days, UTC")
        if age > DAY
        else None,
        forecast=forecast(remaining=remaining, windows=windows, now=now, age=age),
    )


def answers_by(campaign: Campaign, last: datetime, step: timedelta, n: int) -> list[tuple[datetime, int]]:
    """(beginning, answers) of the `n` hours or days up to the one that begins at `last`."""
    with connection.cursor() as cursor:
        span = f"{step.total_seconds()} seconds"
        cursor.execute(ANSWERS_BY, [campaign.pk, span, last - (n - 1) * step, last, span])
        return [(start, count) for start, count in cursor.fetchall()]


def recent_of(campaign: Campaign) -> Recent:
    rows = list(
        Assignment.objects.filter(campaign=campaign)
        .answered()
        .values_list(
            "campaign_pair_id", "campaign_pair__control", "slot", "left", "judgment__outcome",
            "judgment__preference", "judgment__skip_reason", "judgment__duration_ms",
        )[: RECENT + 1]
    )  # fmt: skip
    newest = rows[:RECENT]
    took = [ms / 1000 for *_, ms in newest if ms is not None]
    said = Counter((outcome, preference, reason) for *_, outcome, preference, reason, _ in newest)
    votes = [
        (pair, control, towards_a(left, outcome, preference))
        for pair, control, slot, left, outcome, preference, _, _ in newest
        if slot is not None and outcome != Judgment.Outcome.SKIP
    ]
    return Recent(
        n=len(newest),
        whole=len(rows) <= RECENT,
        median_seconds=statistics.median(took) if took else None,
        tally=[
            {"words": answer_words(*key), "outcome": key[0], "n": n, "share": n / len(newest)}
            for key, n in said.most_common()
        ],
        arms=compare_arms(votes),
    )


def towards_a(left: str, outcome: str, preference: int | None) -> int | None:
    """1 where response a was preferred, −1 where b was, 0 for a tie, None for both bad."""
    if preference is None:
        return 0 if outcome == Judgment.Outcome.TIE else None
    return 1 if (preference > 0) == (left == "a") else -1


def arms_of(campaign: Campaign, recent: Recent) -> list[dict[str, Any]]:
    """The rows of the comparison, where the order has a control arm."""
    if campaign.order != Campaign.Order.UNCERTAINTY or not campaign.control_share:
        return []
    return [
        {"name": "uncertain", "label": "Uncertain first", "arm": recent.arms[False]},
        {"name": "control", "label": "Control, at random", "arm": recent.arms[True]},
    ]


def agreement_of(campaign: Campaign) -> Agreement | None:
    """From the newest finished report, where it has an α; reports of older versions may not."""
    found = campaign.quality_reports.filter(state=QualityReport.State.DONE).first()
    overall = found.report.get("overall") if found else None
    alpha = overall.get("alpha_nominal") if isinstance(overall, dict) else None
    named = alpha if isinstance(alpha, dict) else {"value": alpha}
    value = named.get("value")
    if found is None or not isinstance(value, int | float):
        return None
    return Agreement(value, named.get("low"), named.get("high"), found.finished_at)


def midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def live_context(campaign: Campaign, now: datetime, *, names: Mapping[int, str]) -> dict[str, Any]:
    """Everything the live fragment shows; `names` is what to call each participant."""
    progress = Campaign.objects.with_progress().get(pk=campaign.pk)
    answers = sum(campaign.participations.values_list("n_answered", flat=True))
    people: list[Any] = list(people_of(campaign, now)[: PEOPLE_SHOWN + 1])
    remaining = max(progress.n_slots - progress.n_done, 0)
    recent = recent_of(campaign)
    return {
        "now": now,
        "n_done": progress.n_done,
        "n_slots": progress.n_slots,
        "n_open": sum(person.n_open for person in people),
        "people": [(person, names.get(person.user_id, "")) for person in people[:PEOPLE_SHOWN]],
        "more_people": len(people) > PEOPLE_SHOWN,
        "pace": pace_of(
            campaign,
            remaining=remaining,
            slot_share=progress.n_done / answers if answers else 1.0,
            people=people,
            now=now,
        ),
        "recent": recent,
        "arms": arms_of(campaign, recent),
        "agreement": agreement_of(campaign),
        "n_raised": progress.n_raised,
        "n_review": campaign.campaign_pairs.filter(review=CampaignPair.Review.OPEN).count(),
    }
