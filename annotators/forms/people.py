"""What those who run a campaign may ask about its people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from annotators.worktime import Period

# The time worked is summed over the answers of the period on each view, some 10 µs for each.
DEFAULT_DAYS, MOST_DAYS = 7, 366


class PeriodForm(forms.Form):
    """Two days, `from` and `to`, both included; by default the last DEFAULT_DAYS."""

    def __init__(self, data: Any, *, today: date, initial: dict[str, date] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.today = today
        for name in ("from", "to"):
            day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            words = {"invalid": "Write a day like 2026-01-31."}
            self.fields[name] = forms.DateField(
                label=name.capitalize(),
                required=False,
                widget=day,
                input_formats=["%Y-%m-%d"],
                error_messages=words,
            )

    def clean(self) -> dict[str, Any]:
        last = self.cleaned_data.get("to") or self.today
        first = self.cleaned_data.get("from") or Period.days(DEFAULT_DAYS, until=last).first
        if first > last:
            raise forms.ValidationError("The period ends before it begins. Swap the two days.")
        if (last - first).days >= MOST_DAYS:
            raise forms.ValidationError(f"Ask for at most {MOST_DAYS} days at a time.")
        return {"from": first, "to": last}

    def period(self) -> Period:
        """The period asked for; the default one where what was sent is no period."""
        if self.is_valid():
            return Period(self.cleaned_data["from"], self.cleaned_data["to"])
        return Period.days(DEFAULT_DAYS, until=self.today)

    def filled_in(self) -> PeriodForm:
        """The form with the period it came to; as it was sent, with its errors, where it is none."""
        if not self.is_valid():
            return self
        return PeriodForm(None, today=self.today, initial=self.cleaned_data)


class PersonAddForm(forms.Form):
    identifier = forms.CharField(
        max_length=254,
        label="User name or e-mail",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
