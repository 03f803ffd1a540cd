"""The answers of a campaign, narrowed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

from annotators.forms.pairs import ANY, distinct_values
from annotators.models import Campaign
from curation.models import Judgment

OUTCOMES = [(value, label) for value, label in Judgment.Outcome.choices if value != "withdrawn"]
ARMS = [*ANY, ("uncertain", "Uncertain first"), ("control", "Control")]
MAX_WEEKS = 60


class AnswerFilterForm(forms.Form):
    """`people` are (user id, name); without them the answers of one person cannot be asked for."""

    outcome = forms.ChoiceField(label="Answer", required=False, choices=[("", "Any answer"), *OUTCOMES])
    category = forms.ChoiceField(required=False)
    week = forms.ChoiceField(required=False)
    guideline = forms.ChoiceField(label="Guidelines", required=False)
    arm = forms.ChoiceField(label="Arm", required=False, choices=ARMS)
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    differs = forms.BooleanField(label="People differ", required=False)
    raised = forms.BooleanField(label="Asked once more", required=False)
    rushed = forms.BooleanField(label="Rushed", required=False)

    def __init__(self, data: Any, *, campaign: Campaign, people: list[tuple[int, str]]) -> None:
        super().__init__(data)
        self.fields["category"] = one_of(distinct_values(campaign.project, "category"))
        self.fields["week"] = one_of([(week_name(day), week_label(day)) for day in weeks_of(campaign)])
        versions = campaign.guidelines.values_list("number", flat=True)
        self.fields["guideline"] = one_of([(str(n), f"Version {n}") for n in versions], label="Guidelines")
        if people:
            self.fields = {"person": one_of(people, any_label="Anyone"), **self.fields}
        if campaign.order != Campaign.Order.UNCERTAINTY:
            del self.fields["arm"]

    def narrowing(self) -> dict[str, Any]:
        """What to narrow to; an unknown value narrows nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def one_of(values: list[Any], *, label: str | None = None, any_label: str = "Any") -> forms.ChoiceField:
    choices = [value if isinstance(value, tuple) else (value, value) for value in values]
    return forms.ChoiceField(label=label, required=False, choices=[("", any_label), *choices])


def weeks_of(campaign: Campaign) -> list[date]:
    """The Mondays of the weeks from the last answer back to the first, newest first."""
    answered = campaign.assignments.answered().values_list("answered_at", flat=True)
    last, first = answered.first(), answered.reverse().first()
    if last is None or first is None:
        return []
    monday = last.date() - timedelta(days=last.weekday())
    count = (monday - first.date()).days // 7 + 2
    return [
        monday - timedelta(weeks=n)
        for n in range(min(count, MAX_WEEKS))
        if monday - timedelta(weeks=n) > first.date() - timedelta(days=7)
    ]


def week_name(day: date) -> str:
    """2026-W47, as ISO 8601 counts weeks."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def week_label(day: date) -> str:
    return f"from {day.day} {day:%b %Y}"
