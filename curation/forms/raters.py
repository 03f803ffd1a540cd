"""What may be asked of a rater's page."""

from __future__ import annotations

from django import forms

from curation.forms.lists import ANY, ListFilterForm
from curation.models import Judgment
from curation.services.rater_exclude import REASON_LENGTH


class RaterExcludeForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH, help_text="Shown in the history, and on dataset cards frozen meanwhile."
    )


class JudgmentFilterForm(ListFilterForm):
    outcome = forms.ChoiceField(
        required=False,
        choices=[
            *ANY,
            *((value, label) for value, label in Judgment.Outcome.choices if value != "withdrawn"),
        ],
    )
    source = forms.ChoiceField(required=False, choices=[*ANY, *Judgment.Source.choices])
