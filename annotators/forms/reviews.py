"""What reviewers may send."""

from __future__ import annotations

from typing import Any

from django import forms

from annotators.answers import Choice
from annotators.models import Campaign, Review
from curation.models import Project

STATES = [("open", "Waiting for a reviewer"), ("returned", "Sent to one more person"), ("decided", "Decided")]


class ReviewFilterForm(forms.Form):
    """Which pairs the list shows; an unknown value narrows nothing."""

    state = forms.ChoiceField(required=False, choices=STATES)
    campaign = forms.ModelChoiceField(Campaign.objects.none(), required=False, empty_label="Any campaign")
    category = forms.CharField(required=False, max_length=200)
    cause = forms.ChoiceField(required=False, choices=[("", "Any cause"), *Review.Cause.choices])
    person = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        self.fields["campaign"].queryset = project.campaigns.all()  # type: ignore[attr-defined]  # a ModelChoiceField
        self.is_valid()

    @property
    def state_shown(self) -> str:
        return str(self.cleaned_data.get("state") or "open")

    def narrowing(self, prefix: str = "") -> dict[str, Any]:
        """Campaign and category as lookups of a campaign pair found at `prefix`."""
        asked = {
            f"{prefix}campaign": self.cleaned_data.get("campaign"),
            f"{prefix}pair__prompt__category": self.cleaned_data.get("category"),
        }
        return {lookup: value for lookup, value in asked.items() if value}


class DecisionForm(forms.Form):
    answer = forms.ChoiceField(error_messages={"required": "Say which response is better."})
    cause = forms.ChoiceField(
        choices=Review.Cause.choices, error_messages={"required": "Say why people disagreed."}
    )
    note = forms.CharField(required=False, max_length=5000, strip=True)

    def __init__(self, data: Any, *, choices: list[Choice]) -> None:
        super().__init__(data)
        self.by_value = {choice.value: choice for choice in choices}
        self.fields["answer"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (choice.value, choice.label) for choice in choices
        ]

    def decision(self) -> dict[str, Any]:
        """The arguments of `review_decide`; call on a valid form."""
        data = self.cleaned_data
        return {"choice": self.by_value[data["answer"]], "cause": data["cause"], "note": data["note"]}


class ReturnForm(forms.Form):
    note = forms.CharField(required=False, max_length=5000, strip=True)
