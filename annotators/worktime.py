"""How long people worked, from the times of their answers.

What counts is work done: every answer with its own time, those that were taken back or corrected later too,
and a correction with the time that it took. Turns that check a person count like any other. An answer
belongs to the day, in UTC, on which it was given.

Only the answers of the period are read, along the index of who answered when, and the few turns that were
taken back. It grows with the period, so pages ask for a bounded one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

# Each turn's chain of judgments, from its head back to the first answer. The heads are found by when the
# turn was answered, or taken up again to take the answer back or to change it: the last of these comes after
# every judgment of the chain. Judgments are written a moment later; they decide which day it was.
SAID = """
WITH RECURSIVE said AS (
    SELECT turn.annotator_id, j.id, j.supersedes_id, j.outcome, j.duration_ms, j.created_at
    FROM (
        SELECT annotator_id, judgment_id FROM annotators_assignment
        WHERE campaign_id = ANY (%(campaigns)s) AND state = 'done'
          AND answered_at >= %(start)s - interval '1 minute'
          AND (%(user)s::bigint IS NULL OR annotator_id = %(user)s)
        UNION
        SELECT annotator_id, judgment_id FROM annotators_assignment
        WHERE campaign_id = ANY (%(campaigns)s) AND judgment_id IS NOT NULL
          AND reopened_at >= %(start)s - interval '1 minute'
          AND (%(user)s::bigint IS NULL OR annotator_id = %(user)s)
    ) turn
    JOIN curation_judgment j ON j.id = turn.judgment_id
    UNION ALL
    SELECT said.annotator_id, j.id, j.supersedes_id, j.outcome, j.duration_ms, j.created_at
    FROM said
    -- The fence keeps the few look-ups by key from becoming a join with every judgment there is.
    JOIN LATERAL (SELECT * FROM curation_judgment WHERE id = said.supersedes_id OFFSET 0) j ON true
    WHERE said.supersedes_id IS NOT NULL
)
"""
WITHIN = "FROM said WHERE outcome <> 'withdrawn' AND created_at >= %(start)s AND created_at < %(end)s"
BY_DAY = f"""{SAID}
SELECT annotator_id, (created_at AT TIME ZONE 'UTC')::date AS day,
       count(*) FILTER (WHERE supersedes_id IS NULL AND outcome <> 'skip'),
       count(*) FILTER (WHERE supersedes_id IS NULL AND outcome = 'skip'),
       count(*) FILTER (WHERE supersedes_id IS NOT NULL),
       coalesce(sum(duration_ms), 0) / 1000.0, min(created_at), max(created_at)
{WITHIN} GROUP BY 1, 2 ORDER BY 2, 1
"""
BY_PERSON = f"""{SAID}
SELECT annotator_id, coalesce(sum(duration_ms), 0) / 1000.0,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms)
           FILTER (WHERE supersedes_id IS NULL AND outcome <> 'skip') / 1000.0
{WITHIN} GROUP BY 1
"""


@dataclass(frozen=True)
class Period:
    """From the start of `first` to the end of `last`, days in UTC."""

    first: date
    last: date

    @classmethod
    def days(cls, n: int, *, until: date) -> Period:
        return cls(until - timedelta(days=n - 1), until)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first moment, and the first one after."""
        start = datetime.combine(self.first, time(), UTC)
        return start, datetime.combine(self.last, time(), UTC) + timedelta(days=1)


@dataclass(frozen=True)
class WorkDay:
    """One person's day. `answers` and `skips` count turns answered for the first time, `corrections` answers
    given again to a turn; `seconds` is the time of all three."""

    user_id: int
    day: date
    answers: int
    skips: int
    corrections: int
    seconds: float
    first: datetime
    last: datetime


@dataclass(frozen=True)
class WorkTime:
    """`median_seconds` is over answers given for the first time, skips left out; None without any."""

    user_id: int
    seconds: float
    median_seconds: float | None


def work_days(campaigns: Sequence[int], period: Period, user: int | None = None) -> Iterator[WorkDay]:
    """Days with work, oldest first; of one person where asked."""
    for row in rows(BY_DAY, campaigns, period, user):
        user_id, day, answers, skips, corrections, seconds, first, last = row
        yield WorkDay(user_id, day, answers, skips, corrections, float(seconds), first, last)


def work_times(campaigns: Sequence[int], period: Period, user: int | None = None) -> dict[int, WorkTime]:
    """By person, for those who worked in the period."""
    return {
        user_id: WorkTime(user_id, float(seconds), None if median is None else float(median))
        for user_id, seconds, median in rows(BY_PERSON, campaigns, period, user)
    }


def rows(query: str, campaigns: Sequence[int], period: Period, user: int | None) -> list[tuple[Any, ...]]:
    start, end = period.bounds
    with connection.cursor() as cursor:
        cursor.execute(query, {"campaigns": list(campaigns), "start": start, "end": end, "user": user})
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
