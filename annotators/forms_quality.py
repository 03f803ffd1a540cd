"""What researchers may send to the gold and quality pages."""

from __future__ import annotations

from typing import Any

from django import forms

from annotators.errors import ParticipationError
from annotators.models import GoldPair
from annotators.services.gold_unanimous import FEWEST
from annotators.services.participation_manage import REASON_LENGTH
from curation.consensus_methods import consensus_methods


class GoldForm(forms.Form):
    expected = forms.ChoiceField(
        label="The right answer", choices=GoldPair.Expected.choices, widget=forms.RadioSelect
    )
    explanation = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Why. In a qualification round people read it after their answer, so write it for them.",
    )


class GoldUnanimousForm(forms.Form):
    min_people = forms.IntegerField(
        label="People who agree", initial=3, min_value=FEWEST, max_value=99,
        help_text="At least so many, and nobody who says anything else.",
    )  # fmt: skip
    limit = forms.IntegerField(label="At most", initial=50, min_value=1, max_value=1000)


class GoldFilterForm(forms.Form):
    """The list of gold pairs, narrowed."""

    STATES = [("", "All"), ("current", "In use"), ("suspect", "Suspect"), ("retired", "Retired")]

    state = forms.ChoiceField(choices=STATES, required=False)
    pair = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def narrowing(self) -> dict[str, Any]:
        """What to filter by; an unknown value narrows nothing."""
        self.is_valid()
        state, pair = self.cleaned_data.get("state"), self.cleaned_data.get("pair")
        narrowings: dict[str, dict[str, Any]] = {
            "current": {"retired_at": None},
            "suspect": {"retired_at": None, "is_suspect": True},
            "retired": {"retired_at__isnull": False},
        }
        wanted = narrowings.get(state or "", {})
        return {**wanted, "pair": pair} if pair else wanted


class ParticipationPauseForm(forms.Form):
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)

    def reason_given(self) -> str:
        """Raises ParticipationError, in words, for one that is too long."""
        if not self.is_valid():
            raise ParticipationError(f"The reason is too long: {REASON_LENGTH} characters at most.")
        return str(self.cleaned_data["reason"])


class DifferForm(forms.Form):
    """Two consensus methods to compare."""

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        choices = [(method.name, method.label) for method in consensus_methods()]
        for name, label in (("first", "One method"), ("second", "The other")):
            self.fields[name] = forms.ChoiceField(label=label, choices=choices)
