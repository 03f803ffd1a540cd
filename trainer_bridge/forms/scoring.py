"""Which scores to compute, for which pairs, under which model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from curation.models import Pair, Project
from curation.scorers import (
    ModelScorer,
    Needs,
    Scorer,
    by_needs,
    computation_label,
    computed_by,
    scorer_name,
)
from trainer_bridge.contracts import BUILT_IN_EMBEDDER
from trainer_bridge.embedders import embedder_names
from trainer_bridge.forms.jobs import DTYPES, LaunchForm, count_by_split
from trainer_bridge.models import ModelVersion
from trainer_bridge.services.job_create import SAME_MODEL, SAMPLE_PAIRS, are_same

# The groups of scores that the form offers; others are asked for on the page of scores.
GROUP_HELP = {
    Needs.TEXT: "On a CPU worker, without a model.",
    Needs.TOKENIZER: "On a CPU worker, which loads the tokenizer of the model and no weights.",
    Needs.EMBEDDINGS: "Texts that lack an embedding by the model chosen below are embedded first.",
    Needs.TOKENS: "As the model's tokenizer cuts the texts; computed in the same pass.",
    Needs.HIDDEN_STATES: "One forward pass for each response.",
    Needs.LOG_PROBABILITIES: "The same forward pass and the language-model head.",
    Needs.TWO_MODELS: "Another forward pass for each response, under the second model.",
    Needs.GRADIENTS: "A backward pass for each response, so only for some pairs, drawn at random.",
}


class ScoringForm(LaunchForm):
    """One field of check boxes for each group of scorers; a model is asked for only where one is needed."""

    model = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label="No model: scores from the texts alone",
        help_text="Take the model that you are going to train.",
    )
    reference = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        label="Second model",
        empty_label="None",
        help_text="The reference, for scores of two models: the model that training started from, or the "
        "weaker of two. It must have the same tokenizer.",
    )
    embedder = forms.ChoiceField(
        required=False,
        label="Embedding model",
        help_text="For scores from sentence embeddings. It comes with Tiebreak, or is a directory in the "
        "format of sentence-transformers.",
    )
    split = forms.ChoiceField(label="Pairs")
    sample_pairs = forms.IntegerField(
        min_value=1,
        max_value=100_000,
        initial=SAMPLE_PAIRS,
        required=False,
        label="Pairs for gradients",
        help_text="Drawn at random, always the same ones; a larger number adds to them. The other pairs stay "
        "without the score.",
    )
    max_length = forms.IntegerField(
        min_value=8,
        max_value=32_768,
        initial=512,
        help_text="Tokens of prompt and response together. For scores that need a model.",
    )
    dtype = forms.ChoiceField(
        choices=DTYPES,
        label="Precision",
        help_text="Of the model. Scores in bfloat16 are approximate: one near zero can have the wrong sign.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        offered = [(needs, scorers) for needs, scorers in by_needs() if needs in GROUP_HELP]
        self.groups = {_field_name(needs): _choices(scorers) for needs, scorers in offered}
        for needs, scorers in offered:
            self.fields[_field_name(needs)] = forms.MultipleChoiceField(
                label=needs.label,
                choices=_choices(scorers),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text=GROUP_HELP[needs],
            )
        self.order_fields(
            [*self.groups, "model", "reference", "embedder", "split", "sample_pairs", "max_length", "dtype"]
        )
        for name in ("model", "reference"):
            field = cast("forms.ModelChoiceField[ModelVersion]", self.fields[name])
            field.queryset = ModelVersion.objects.filter(project=project)
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

    def clean_sample_pairs(self) -> int:
        return self.cleaned_data["sample_pairs"] or SAMPLE_PAIRS

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not any(data.get(name) for name in self.groups):
            self.add_error(_TEXT, "Choose at least one score, here or below.")
        elif (
            (self._computations(data) or data.get(_TOKENIZER))
            and not data.get("model")
            and "model" not in self.errors
        ):
            self.add_error(
                "model", "The scores chosen need a model. Choose one, or only scores from the texts."
            )
        if data.get(_field_name(Needs.TWO_MODELS)) and "reference" not in self.errors:
            self._clean_reference(data.get("model"), data.get("reference"))
        return data

    def _clean_reference(self, model: ModelVersion | None, reference: ModelVersion | None) -> None:
        if reference is None:
            self.add_error(
                "reference",
                "The scores of two models need a second one. Choose it, or leave out those scores.",
            )
        elif model and are_same(model, reference):
            self.add_error("reference", SAME_MODEL)

    def arguments(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data["embedder"] = data["embedder"] or BUILT_IN_EMBEDDER
        chosen = {
            "texts": data[_TEXT],
            "tokens": data[_TOKENIZER],
            "embeddings": data[_EMBEDDINGS],
            "computations": self._computations(data),
        }
        return chosen | {name: value for name, value in data.items() if name not in self.groups}

    def plan(self) -> str:
        data = self.cleaned_data
        texts, tokens, computations = data[_TEXT], data[_TOKENIZER], self._computations(data)
        parts = []
        if texts:
            parts.append(f"{_named(texts)} for {self._chosen_count()}, from their texts, on a CPU worker.")
        if embeddings := data[_EMBEDDINGS]:
            embedder = data["embedder"] or BUILT_IN_EMBEDDER
            parts.append(f"{_named(embeddings)} for {self._chosen_count()} by {embedder}, on a GPU worker.")
        if tokens:
            parts.append(
                f"{_named(tokens)} for {self._chosen_count()} by the tokenizer of {data['model']}, on a CPU "
                "worker."
            )
        second = data[_field_name(Needs.TWO_MODELS)]
        drawn = data[_field_name(Needs.GRADIENTS)]
        if whole := [name for name in computations if name not in drawn]:
            against = f" against {data['reference']}" if second else ""
            parts.append(
                f"{_named(whole)} for {self._chosen_count()} under {data['model']}{against}, on a GPU worker."
            )
        if drawn:
            n = min(data["sample_pairs"], self.counts.get(data["split"], 0))
            parts.append(f"{_named(drawn)} for {n:,} of {self._chosen_count()} under {data['model']}.")
        return " ".join([*parts, "Pairs that have these scores with these settings are left out."])

    def _computations(self, data: dict[str, Any]) -> list[str]:
        names = [name for name in self.groups if name not in {_TEXT, _TOKENIZER, _EMBEDDINGS}]
        return [computation for name in names for computation in data.get(name) or []]


def _field_name(needs: Needs) -> str:
    return needs.name.lower()


_TEXT, _TOKENIZER, _EMBEDDINGS = map(_field_name, (Needs.TEXT, Needs.TOKENIZER, Needs.EMBEDDINGS))


def _choices(scorers: list[Scorer]) -> list[tuple[str, str]]:
    """A text scorer by its name; scores that one computation makes are chosen together, by its name."""
    values = [scorer.computation if isinstance(scorer, ModelScorer) else scorer.name for scorer in scorers]
    return [(value, _label(value)) for value in dict.fromkeys(values)]


def _scores_of(value: str) -> set[str]:
    return {scorer.name for scorer in computed_by(value)} or {value}


def _label(value: str) -> str:
    return computation_label(value) if computed_by(value) else scorer_name(value)


def _named(values: list[str]) -> str:
    return ", ".join(map(_label, values))
