"""What a training run asks for. Names, defaults and limits are those of the worker's contract."""

from __future__ import annotations

from typing import Any, get_args

from django import forms

from curation.models import Project
from trainer_bridge.contracts import MOST_PROBE_ROWS, Dtype, LoraSpec, TrainArgs, TrainSpec
from trainer_bridge.forms.contract import contract_errors
from trainer_bridge.models import ModelVersion
from trainer_bridge.services.run_create import PROBE_ROWS, run_spec

ARGS, LORA = TrainArgs(), LoraSpec()
ARG_NAMES = tuple(TrainArgs.model_fields)
LORA_NAMES = ("r", "alpha", "dropout")


def choices_of(model: type[TrainArgs], name: str) -> list[tuple[str, str]]:
    """The values a contract's Literal field may take."""
    return [(value, value) for value in get_args(model.model_fields[name].annotation)]


class RunForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="The model that comes out will bear it.")
    base_model = forms.ModelChoiceField(ModelVersion.objects.none(), empty_label=None)
    loss_type = forms.ChoiceField(
        choices=choices_of(TrainArgs, "loss_type"), initial=ARGS.loss_type, label="Loss"
    )
    beta = forms.FloatField(initial=ARGS.beta, help_text="How strongly the reference model holds.")
    learning_rate = forms.FloatField(initial=ARGS.learning_rate)
    lr_scheduler_type = forms.ChoiceField(
        choices=choices_of(TrainArgs, "lr_scheduler_type"), label="Schedule", initial=ARGS.lr_scheduler_type
    )
    warmup_steps = forms.IntegerField(initial=ARGS.warmup_steps)
    num_train_epochs = forms.FloatField(initial=ARGS.num_train_epochs, label="Epochs")
    max_steps = forms.IntegerField(initial=ARGS.max_steps, help_text="−1: as many as the epochs need.")
    per_device_train_batch_size = forms.IntegerField(
        initial=ARGS.per_device_train_batch_size, label="Pairs per batch"
    )
    gradient_accumulation_steps = forms.IntegerField(
        initial=ARGS.gradient_accumulation_steps, label="Batches per step"
    )
    max_length = forms.IntegerField(initial=ARGS.max_length, label="Longest row, in tokens")
    max_grad_norm = forms.FloatField(initial=ARGS.max_grad_norm, label="Gradient norm limit")
    logging_steps = forms.IntegerField(initial=ARGS.logging_steps, label="Log every … steps")
    save_steps = forms.IntegerField(
        initial=ARGS.save_steps,
        label="Checkpoint every … steps",
        help_text="A run that is cut off goes on from the last one.",
    )
    gradient_checkpointing = forms.BooleanField(
        required=False, initial=ARGS.gradient_checkpointing, help_text="Less memory, more time."
    )
    seed = forms.IntegerField(initial=ARGS.seed)
    dtype = forms.ChoiceField(choices=[(value, value) for value in get_args(Dtype)], label="Precision")
    probe_rows = forms.IntegerField(
        initial=PROBE_ROWS,
        min_value=1,
        max_value=MOST_PROBE_ROWS,
        label="Rows probed",
        help_text="Their log-probabilities before and after tell whether likelihood was displaced.",
    )
    use_lora = forms.BooleanField(
        required=False, initial=True, label="LoRA", help_text="Off: all weights are trained."
    )
    r = forms.IntegerField(initial=LORA.r, label="LoRA rank")
    alpha = forms.IntegerField(initial=LORA.alpha, label="LoRA alpha")
    dropout = forms.FloatField(initial=LORA.dropout, label="LoRA dropout")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = ModelVersion.objects.filter(project=project).order_by("kind", "-pk")
        self.fields["base_model"] = forms.ModelChoiceField(models, empty_label=None)

    def clean(self) -> dict[str, Any]:
        """Let the contract judge: its limits are the worker's."""
        data = self.cleaned_data
        for model, names in ((TrainArgs, ARG_NAMES), (LoraSpec, LORA_NAMES)):
            given = {name: data[name] for name in names if name in data}
            for name, words in contract_errors(model, given):
                self.add_error(name if name in self.fields else None, words)
        return data

    def settings(self) -> dict[str, Any]:
        """Arguments of `run_create` but for project, version and user. Call only on a valid form."""
        data = self.cleaned_data
        lora = LoraSpec(**{name: data[name] for name in LORA_NAMES}) if data["use_lora"] else None
        args = TrainArgs(**{name: data[name] for name in ARG_NAMES})
        chosen = {name: data[name] for name in ("name", "base_model", "dtype", "probe_rows")}
        return chosen | {"args": args, "lora": lora}

    def spec(self) -> TrainSpec:
        settings = self.settings()
        del settings["name"]
        return run_spec(**settings)
