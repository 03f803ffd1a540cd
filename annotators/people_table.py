"""The people of a campaign, for the researcher who runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Greatest

from annotators.models import Assignment, Campaign, Participation, QualityReport
from annotators.querysets import count_of
from annotators.worktime import Period, WorkTime, work_times

State = Assignment.State


@dataclass(frozen=True)
class PersonRow:
    """`report` is what the campaign's last quality report says of the person, if there is one."""

    standing: Any  # a Participation of `standings`
    work: WorkTime | None
    report: dict[str, Any]

    @property
    def shares(self) -> list[dict[str, Any]]:
        """Gold right, and agreement with others: each with `value` and `n`, or empty."""
        return [self.report.get(name) or {} for name in ("gold", "agreement")]


def standings(campaign: Campaign, *, now: datetime, midnight: datetime) -> QuerySet[Participation]:
    """Everyone who takes part, with `n_today`, `n_held` and `last_seen`: a few index look-ups per person."""
    theirs = Assignment.objects.filter(campaign=campaign, annotator=OuterRef("user"))
    done = theirs.filter(state=State.DONE)
    held = theirs.filter(state=State.OPEN)
    people = campaign.participations.select_related("user").annotate(
        n_today=count_of(done.filter(answered_at__gte=midnight), "annotator"),
        n_held=count_of(held.filter(leased_until__gte=now), "annotator"),
        last_seen=Greatest(newest(done, "answered_at"), newest(held, "opened_at")),
    )
    return people.order_by("user__username")


def newest(rows: QuerySet[Assignment], field: str) -> Subquery:
    """The end of an index: a maximum would read all of a person's answers."""
    return Subquery(rows.order_by(f"-{field}").values(field)[:1], output_field=DateTimeField())


def person_rows(campaign: Campaign, people: Iterable[Participation], period: Period) -> list[PersonRow]:
    times = work_times([campaign.pk], period)
    reported = reported_people(campaign)
    return [
        PersonRow(standing, times.get(standing.user_id), reported.get(standing.user_id, {}))
        for standing in people
    ]


def reported_people(campaign: Campaign) -> dict[int, dict[str, Any]]:
    """By user, from the last quality report; empty before there is one."""
    reports = QualityReport.objects.filter(campaign=campaign, state=QualityReport.State.DONE)
    people = reports.values_list("report__people", flat=True).first() or []
    return {row["user"]: row for row in people if row.get("user")}
