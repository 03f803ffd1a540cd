"""What an estimator is made of, and which pairs it is asked about."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from curation.consensus_methods import consensus_methods
from curation.models import Pair, Project
from trainer_bridge.forms.jobs import DTYPES, LaunchForm, count_by_split
from trainer_bridge.models import ModelVersion


class EstimateForm(LaunchForm):
    model = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        help_text="Its weights stay as they are; a small network learns from what it makes of a pair.",
    )
    method = forms.ChoiceField(
        label="Learn from the consensus by",
        help_text="Pairs of the train split on which it names a winner; excluded prompts are left out.",
    )
    split = forms.ChoiceField(label="Pairs to estimate")
    passes = forms.IntegerField(
        min_value=2, max_value=200, initial=10, help_text="With dropout. UPO takes 10."
    )
    folds = forms.IntegerField(
        min_value=2,
        max_value=20,
        initial=5,
        help_text="Prompts are dealt into as many folds; a pair is estimated by the network that was trained "
        "without the fold of its prompt.",
    )
    max_length = forms.IntegerField(
        min_value=32,
        max_value=32_768,
        initial=1024,
        help_text="Tokens of the prompt and both responses together; longer responses lose their ends.",
    )
    dtype = forms.ChoiceField(choices=DTYPES, label="Precision", help_text="Of the model.")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        model = cast("forms.ModelChoiceField[ModelVersion]", self.fields["model"])
        model.queryset = ModelVersion.objects.filter(project=project)
        method = cast("forms.ChoiceField", self.fields["method"])
        method.choices = [(each.name, each.label) for each in consensus_methods()]
        self._set_splits(count_by_split(Pair.objects.for_project(project), "prompt__split"), "pairs")

    def plan(self) -> str:
        data = self.cleaned_data
        return (
            f"{data['folds']} networks on top of {data['model']}, on a GPU worker, then estimates for "
            f"{self._chosen_count()}. Pairs that the same estimator, trained on the same labels, has "
            "estimated are left out; after new judgments it is another estimator and starts anew."
        )
