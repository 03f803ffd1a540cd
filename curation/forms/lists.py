"""Filters of the prompt and pair lists. An unknown value filters nothing."""

from __future__ import annotations

from typing import Any

from django import forms

from curation.models import Project, Prompt, ScoreProducer
from curation.scorers import scorer_name

ANY = [("", "Any")]
YES_NO = [*ANY, ("yes", "Yes"), ("no", "No")]
OUTCOMES = [*ANY, ("a", "A preferred"), ("b", "B preferred"), ("tie", "Tie")]


class ListFilterForm(forms.Form):
    """A form whose invalid fields are simply left out."""

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class PromptFilterForm(ListFilterForm):
    text = forms.CharField(label="Text", required=False, max_length=200)
    split = forms.ChoiceField(choices=[*ANY, *Prompt.Split.choices], required=False)
    category = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False)
    excluded = forms.ChoiceField(choices=YES_NO, required=False)

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        for name in ("category", "source"):
            values = project.prompts.order_by(name).values_list(name, flat=True).distinct()
            choices = [*ANY, *((value, value) for value in values[:500] if value)]
            self.fields[name] = forms.ChoiceField(choices=choices, required=False)


class PairFilterForm(ListFilterForm):
    judged = forms.ChoiceField(label="Has judgments", choices=YES_NO, required=False)
    consensus = forms.ChoiceField(label="Has consensus", choices=YES_NO, required=False)
    winner = forms.ChoiceField(label="Outcome", choices=OUTCOMES, required=False)
    scorer = forms.ChoiceField(label="Scored by", required=False)
    prompt = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, project: Project) -> None:
        super().__init__(data)
        producers = ScoreProducer.objects.filter(project=project).order_by("scorer")
        names = producers.values_list("scorer", flat=True).distinct()
        self.fields["scorer"] = forms.ChoiceField(
            label="Scored by", choices=[*ANY, *((name, scorer_name(name)) for name in names)], required=False
        )
