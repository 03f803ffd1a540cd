"""What may be asked of the cleaning pages."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.algorithms import near_duplicates
from curation.algorithms.patterns import NAMES
from curation.forms.lists import ListFilterForm
from curation.services.prompt_exclude import REASON_LENGTH

KEEP_RULES = {
    "oldest": "the oldest",
    "longest": "the longest",
    "eval": "one of the eval split, else the oldest",
    "judged": "the most judged",
}


class PromptExcludeForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Shown in the history, and in funnels beside the pairs it drops."
    )


class DuplicatesForm(forms.Form):
    n = forms.TypedChoiceField(
        label="Compare runs of",
        choices=[(1, "1 word"), (3, "3 words"), (5, "5 words")],
        coerce=int,
        initial=near_duplicates.N,
        help_text="Longer runs forgive less: a changed word spoils every run that it lies in.",
    )
    threshold = forms.FloatField(
        min_value=0.3,
        max_value=1,
        initial=near_duplicates.THRESHOLD,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
        help_text="Runs that two prompts share, of those that either has: 1 is every run.",
    )

    def params(self) -> dict[str, Any]:
        """Call only on a valid form."""
        return dict(self.cleaned_data)


class FindingsForm(ListFilterForm):
    kind = forms.ChoiceField(choices=[("", "All kinds"), *NAMES.items()], required=False)


class FindingsExcludeForm(forms.Form):
    kind = forms.ChoiceField(label="Exclude prompts with", choices=NAMES.items())
    in_responses = forms.BooleanField(required=False, label="Also where only a response has it")


class KeepOneForm(forms.Form):
    rule = forms.ChoiceField(label="Of each cluster keep", choices=KEEP_RULES.items())
    cluster = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
