"""Narrowing the job list, and what each kind of launch asks for."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Count

from curation.models import Project, Prompt
from judges.models import Judge
from trainer_bridge.contracts import Sampling
from trainer_bridge.embedders import embedder_names
from trainer_bridge.kinds.pairs import pairs_to_judge
from trainer_bridge.models import Job, ModelVersion

ALL = "all"
DTYPES = [("float32", "float32"), ("bfloat16", "bfloat16 (half the memory)")]


class JobFilterForm(forms.Form):
    state = forms.ChoiceField(choices=[("", "Any state"), *Job.State.choices], required=False)
    kind = forms.ChoiceField(choices=[("", "Any kind"), *Job.Kind.choices], required=False)

    def chosen(self) -> dict[str, str]:
        """The filters that are set; an unknown value filters nothing."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class LaunchForm(forms.Form):
    """Base of the launch forms: knows its project and says what starting it will do."""

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def arguments(self) -> dict[str, Any]:
        """Arguments of the service. Call only on a valid form."""
        return dict(self.cleaned_data)

    def plan(self) -> str:
        """What will happen, in a sentence. Call only on a valid form."""
        return ""

    def _set_splits(self, counts: dict[str, int], noun: str) -> None:
        self.counts = counts | {"": sum(counts.values())}
        self.noun = noun
        choices = [(ALL, f"All: {self.counts['']:,} {noun}")]
        for value, label in Prompt.Split.choices:
            choices.append((value, f"{label}: {counts.get(value, 0):,} {noun}"))
        cast("forms.ChoiceField", self.fields["split"]).choices = choices

    def clean_split(self) -> str:
        """Services take no split for all of them."""
        split: str = self.cleaned_data["split"]
        return "" if split == ALL else split

    def _chosen_count(self) -> str:
        split = self.cleaned_data["split"]
        return f"{self.counts.get(split, 0):,} {split} {self.noun}".replace("  ", " ")


class GenerateForm(LaunchForm):
    model = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label="An endpoint, named below",
        help_text="Registered weights run on a GPU worker.",
    )
    base_url = forms.URLField(
        required=False,
        assume_scheme="http",
        label="Endpoint address",
        help_text="Of an OpenAI-compatible server, such as http://localhost:8000/v1",
    )
    model_name = forms.CharField(max_length=200, required=False, label="Model name at the endpoint")
    split = forms.ChoiceField(label="Prompts")
    n = forms.IntegerField(min_value=1, max_value=64, initial=4, label="Responses per prompt")
    temperature = forms.FloatField(min_value=0, max_value=2, initial=0.8)
    top_p = forms.FloatField(min_value=0.01, max_value=1, initial=0.95, label="Top p")
    max_tokens = forms.IntegerField(
        min_value=1, max_value=8192, initial=256, label="Most tokens per response"
    )
    seed = forms.IntegerField(
        required=False, initial=0, help_text="The same seed draws the same responses again."
    )
    dtype = forms.ChoiceField(choices=DTYPES, label="Precision", help_text="Of registered weights.")
    batch_size = forms.IntegerField(min_value=1, max_value=512, initial=16)

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        model = cast("forms.ModelChoiceField[ModelVersion]", self.fields["model"])
        model.queryset = ModelVersion.objects.filter(project=project)
        prompts = Prompt.objects.filter(project=project).included()
        self._set_splits(count_by_split(prompts, "split"), "prompts")
        self.initial.setdefault("split", Prompt.Split.TRAIN)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        endpoint = [data.get("base_url"), data.get("model_name")]
        if data.get("model") and any(endpoint):
            self.add_error("model", "Choose registered weights or name an endpoint, not both.")
        elif not data.get("model") and not all(endpoint):
            self.add_error(
                "model", "Choose registered weights, or give an endpoint's address and model name."
            )
        if data.get("temperature") == 0 and data.get("n", 1) > 1:
            self.add_error("n", "Temperature 0 gives the same answer every time; use 1.")
        return data

    def arguments(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        draw = {name: data.pop(name) for name in ("n", "temperature", "top_p", "max_tokens", "seed")}
        return data | {"sampling": Sampling(**draw)}

    def plan(self) -> str:
        split, n = self.cleaned_data["split"], self.cleaned_data["n"]
        responses = n * self.counts.get(split, 0)
        return (
            f"{responses:,} responses: {n} for each of {self._chosen_count()}. "
            "Those that the same settings drew before are kept and not drawn again."
        )


class JudgingForm(LaunchForm):
    split = forms.ChoiceField(label="Pairs without its verdict")

    def __init__(self, *args: Any, judge: Judge, **kwargs: Any) -> None:
        super().__init__(*args, project=judge.project, **kwargs)
        self.judge = judge
        self._set_splits(count_by_split(pairs_to_judge(judge, ""), "prompt__split"), "pairs")

    def plan(self) -> str:
        pairs = self.counts.get(self.cleaned_data["split"], 0)
        return f"{2 * pairs:,} verdicts by {self.judge}: {self._chosen_count()}, each in both orders."


class EmbedForm(LaunchForm):
    embedder = forms.ChoiceField(
        label="Embedding model", help_text="It comes with Tiebreak, or is a sentence-transformers directory."
    )
    texts = forms.ChoiceField(
        choices=[("all", "Prompts and responses"), ("prompts", "Prompts only")],
        help_text="Near duplicates and decontamination compare prompts only.",
    )
    split = forms.ChoiceField(label="Prompts", help_text="And the responses to them.")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        embedder = cast("forms.ChoiceField", self.fields["embedder"])
        embedder.choices = [(name, name) for name in embedder_names()]
        self._set_splits(count_by_split(Prompt.objects.filter(project=project), "split"), "prompts")

    def plan(self) -> str:
        responses = " and their responses" if self.cleaned_data["texts"] == "all" else ""
        return (
            f"What {self._chosen_count()}{responses} say, embedded by {self.cleaned_data['embedder']} on a "
            "GPU worker. Texts that it has embedded before, and those without a word, are left out."
        )


def count_by_split(rows: Any, field: str) -> dict[str, int]:
    """How many rows of a queryset there are in each split, in one query."""
    return dict(rows.order_by().values_list(field).annotate(Count("pk")))
