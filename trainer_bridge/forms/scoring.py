"""Which scores to compute, for which pairs, under which model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from curation.models import Pair, Project
from curation.scorers import ModelScorer, Needs, Scorer, by_needs, computed_by, scorer_name
from trainer_bridge.contracts import BUILT_IN_EMBEDDER
from trainer_bridge.embedders import embedder_names
from trainer_bridge.forms.jobs import DTYPES, LaunchForm, count_by_split
from trainer_bridge.models import ModelVersion

GROUP_HELP = {
    Needs.TEXT: "On a CPU worker, without a model.",
    Needs.EMBEDDINGS: "Texts that lack an embedding by the model chosen below are embedded first.",
    Needs.TOKENS: "As the model's tokenizer cuts the texts; computed in the same pass.",
    Needs.HIDDEN_STATES: "One forward pass for each response.",
    Needs.LOG_PROBABILITIES: "The same forward pass and the language-model head.",
}


class ScoringForm(LaunchForm):
    """One field of check boxes for each group of scorers; a model is asked for only where one is needed."""

    model = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label="No model: scores from the texts alone",
        help_text="Take the model that you are going to train.",
    )
    embedder = forms.ChoiceField(
        required=False,
        label="Embedding model",
        help_text="For scores from sentence embeddings. It comes with Tiebreak, or is a directory in the "
        "format of sentence-transformers.",
    )
    split = forms.ChoiceField(label="Pairs")
    max_length = forms.IntegerField(
        min_value=8,
        max_value=32_768,
        initial=512,
        help_text="Tokens of prompt and response together. For scores that need a model.",
    )
    dtype = forms.ChoiceField(choices=DTYPES, label="Precision", help_text="Of the model.")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        self.groups = {_field_name(needs): _choices(scorers) for needs, scorers in by_needs()}
        for needs, scorers in by_needs():
            self.fields[_field_name(needs)] = forms.MultipleChoiceField(
                label=needs.label,
                choices=_choices(scorers),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text=GROUP_HELP[needs],
            )
        self.order_fields([*self.groups, "model", "embedder", "split", "max_length", "dtype"])
        model = cast("forms.ModelChoiceField[ModelVersion]", self.fields["model"])
        model.queryset = ModelVersion.objects.filter(project=project)
        embedder = cast("forms.ChoiceField", self.fields["embedder"])
        embedder.choices = [(name, name) for name in embedder_names()]
        pairs = Pair.objects.for_project(project)
        self._set_splits(count_by_split(pairs, "prompt__split"), "pairs")

    def choose(self, scorers: Iterable[str]) -> None:
        """Tick the boxes of these scorers at first, or that of CHES when there are none."""
        wanted = {*scorers} or {"ches"}
        for name, choices in self.groups.items():
            ticked = [value for value, _ in choices if wanted & _scores_of(value)]
            self.initial[name] = ticked

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not any(data.get(name) for name in self.groups):
            self.add_error(_field_name(Needs.TEXT), "Choose at least one score, here or below.")
        elif self._computations(data) and not data.get("model") and "model" not in self.errors:
            self.add_error(
                "model", "The scores chosen need a model. Choose one, or only scores from the texts."
            )
        return data

    def arguments(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data["embedder"] = data["embedder"] or BUILT_IN_EMBEDDER
        chosen = {
            "texts": data[_field_name(Needs.TEXT)],
            "embeddings": data[_field_name(Needs.EMBEDDINGS)],
            "computations": self._computations(data),
        }
        return chosen | {name: value for name, value in data.items() if name not in self.groups}

    def plan(self) -> str:
        data = self.cleaned_data
        texts, computations = data[_field_name(Needs.TEXT)], self._computations(data)
        parts = []
        if texts:
            parts.append(f"{_named(texts)} for {self._chosen_count()}, from their texts, on a CPU worker.")
        if embeddings := data[_field_name(Needs.EMBEDDINGS)]:
            embedder = data["embedder"] or BUILT_IN_EMBEDDER
            parts.append(f"{_named(embeddings)} for {self._chosen_count()} by {embedder}, on a GPU worker.")
        if computations:
            parts.append(
                f"{_named(computations)} for {self._chosen_count()} under {data['model']}, on a GPU worker."
            )
        return " ".join([*parts, "Pairs that have these scores with these settings are left out."])

    def _computations(self, data: dict[str, Any]) -> list[str]:
        others = {_field_name(Needs.TEXT), _field_name(Needs.EMBEDDINGS)}
        names = [name for name in self.groups if name not in others]
        return [computation for name in names for computation in data.get(name) or []]


def _field_name(needs: Needs) -> str:
    return needs.name.lower()


def _choices(scorers: list[Scorer]) -> list[tuple[str, str]]:
    """A text scorer by its name; scores that one computation makes are chosen together, by its name."""
    values = [scorer.computation if isinstance(scorer, ModelScorer) else scorer.name for scorer in scorers]
    return [(value, _label(value)) for value in dict.fromkeys(values)]


def _scores_of(value: str) -> set[str]:
    return {scorer.name for scorer in computed_by(value)} or {value}


def _label(value: str) -> str:
    return " and ".join(scorer.label for scorer in computed_by(value)) or scorer_name(value)


def _named(values: list[str]) -> str:
    return ", ".join(map(_label, values))
