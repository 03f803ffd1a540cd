"""What an evaluation asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count

from curation.models import Prompt
from judges.models import Judge
from trainer_bridge.contracts import Sampling
from trainer_bridge.forms.contract import contract_errors
from trainer_bridge.models import ModelVersion
from trainer_bridge.services.evaluation_create import MAX_PROMPTS

DRAW = ("temperature", "top_p", "max_tokens", "seed")
DEFAULT = Sampling(n=1)


class EvaluationForm(forms.Form):
    baseline = forms.ModelChoiceField(ModelVersion.objects.none(), empty_label=None)
    judge = forms.ModelChoiceField(Judge.objects.none(), empty_label=None)
    split = forms.ChoiceField(label="Prompts")
    max_prompts = forms.IntegerField(min_value=1, max_value=5000, initial=MAX_PROMPTS, label="At most")
    temperature = forms.FloatField(initial=DEFAULT.temperature, help_text="0 answers greedily.")
    top_p = forms.FloatField(initial=DEFAULT.top_p, label="Top p")
    max_tokens = forms.IntegerField(initial=DEFAULT.max_tokens, label="Most tokens per answer")
    seed = forms.IntegerField(required=False, initial=DEFAULT.seed)
    dtype = forms.ChoiceField(
        choices=[("float32", "float32"), ("bfloat16", "bfloat16 (half the memory)")], label="Precision"
    )

    def __init__(self, *args: Any, model: ModelVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = ModelVersion.objects.filter(project=model.project_id).exclude(pk=model.pk)
        judges = Judge.objects.filter(project=model.project_id).order_by("name", "-version")
        self.fields["baseline"] = forms.ModelChoiceField(others, empty_label=None, initial=model.base_id)
        self.fields["judge"] = forms.ModelChoiceField(judges, empty_label=None)
        prompts = Prompt.objects.filter(project=model.project_id).included()
        counts = dict(prompts.order_by().values_list("split").annotate(Count("pk")))
        labels = [Prompt.Split.EVAL, Prompt.Split.TRAIN]
        splits = [(split.value, f"{split.label}: {counts.get(split.value, 0):,} prompts") for split in labels]
        self.fields["split"] = forms.ChoiceField(choices=splits, label="Prompts")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        draw = {name: data[name] for name in DRAW if name in data}
        for name, words in contract_errors(Sampling, draw | {"n": 1}):
            self.add_error(name if name in self.fields else None, words)
        return data

    def settings(self) -> dict[str, Any]:
        """Arguments of `evaluation_create` but for project, model and user. Call only on a valid form."""
        data = dict(self.cleaned_data)
        sampling = Sampling(n=1, **{name: data.pop(name) for name in DRAW})
        return data | {"sampling": sampling}
