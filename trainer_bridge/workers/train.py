"""Train a model on frozen preference pairs: TRL's DPOTrainer, with LoRA unless the spec says otherwise.

With LoRA the reference model is the policy with its adapter switched off, so no second copy is held. A
checkpoint counts once its marker file is there; a run that was stopped goes on from the newest such one.
The finished model is merged and saved in float32, because bfloat16 would round small updates away.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from pydantic import BaseModel, Field
from transformers import TrainerCallback
from trl import DPOConfig, DPOTrainer

from trainer_bridge.contracts import Message, MetricRow, TrainResult, TrainSpec
from trainer_bridge.workers._io import UserError, Workspace, read_rows, work
from trainer_bridge.workers._models import LocalModel, RenderError, fingerprint, load, plain_text, render

COMPLETE = "tiebreak-complete"
KEPT_CHECKPOINTS = 2


class TrainRow(BaseModel):
    """A row of TRL's conversational preference format; other columns are left aside."""

    prompt: list[Message] = Field(min_length=1)
    chosen: list[Message] = Field(min_length=1)
    rejected: list[Message] = Field(min_length=1)


class Reporter(TrainerCallback):  # type: ignore[misc]  # transformers is not installed where mypy runs
    """Writes metrics and progress as they come, and marks checkpoints that are whole."""

    def __init__(self, workspace: Workspace, resumed_at: int) -> None:
        self.note = ""
        self._workspace = workspace
        self._metrics = workspace.rows("metrics.jsonl")
        # Steps after the checkpoint are trained again, and logged again.
        self._metrics.rewrite([row for row in self.rows() if row.step <= resumed_at])

    def rows(self) -> list[MetricRow]:
        return list(read_rows(self._metrics.path, MetricRow))

    def on_log(
        self, _args: Any, state: Any, _control: Any, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if not logs or "loss" not in logs:
            return
        values = {key: float(value) for key, value in logs.items() if isinstance(value, int | float)}
        if not math.isfinite(values["loss"]):
            raise UserError(
                f"The loss became {values['loss']} at step {state.global_step}. Lower the learning rate, or "
                "train in float32."
            )
        epoch = values.pop("epoch", None)
        finite = {key: value for key, value in values.items() if math.isfinite(value)}
        self._metrics.append(MetricRow(step=state.global_step, epoch=epoch, values=finite))

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        message = f"step {state.global_step} of {state.max_steps}{self.note}"
        self._workspace.progress(state.global_step, state.max_steps, message)

    def on_save(self, args: Any, state: Any, _control: Any, **_: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def run(spec: TrainSpec, workspace: Workspace) -> None:
    target = workspace.folder / "model"
    if target.is_dir() and (workspace.folder / "result.json").is_file():
        return
    rows = list(read_rows(workspace.input(spec.dataset), TrainRow))
    if not rows:
        raise UserError("The dataset version has no training rows. Freeze one that keeps some pairs.")
    loaded = load(spec.base_model, spec.dtype)
    loaded.note(workspace)
    _refuse_unreadable(loaded, rows[0])
    checkpoint = _newest_checkpoint(workspace.folder / "checkpoints")
    reporter = Reporter(workspace, _step(checkpoint) if checkpoint else 0)
    trainer = _trainer(spec, loaded, rows, workspace.folder / "checkpoints", reporter)
    if not len(trainer.train_dataset):
        raise UserError(f"Every prompt fills max_length {spec.args.max_length} alone. Raise it, then retry.")

    if cut := _cut_rows(trainer, spec.args.max_length):
        reporter.note = f", {cut} of {len(trainer.train_dataset)} rows cut at {spec.args.max_length} tokens"

    probe = _probe(trainer, spec.probe_rows, spec.args.per_device_train_batch_size)
    # Before training the policy equals the base model, also when a checkpoint is about to be loaded.
    before = _mean_logps(trainer, probe)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    after = _mean_logps(trainer, probe)
    _save(trainer, loaded, target)
    dropped = len(rows) - len(trainer.train_dataset)
    result = _result(
        trainer, loaded, reporter.rows(), dropped=dropped, before=before, after=after, target=target
    )
    workspace.write("result.json", result)


def _refuse_unreadable(loaded: LocalModel, row: TrainRow) -> None:
    try:
        render(loaded.tokenizer, [*row.prompt, *row.chosen])
    except RenderError as error:
        raise UserError(f"This model cannot be trained on these rows: {error}.") from error


def _trainer(
    spec: TrainSpec, loaded: LocalModel, rows: Sequence[TrainRow], checkpoints: Path, reporter: Reporter
) -> Any:
    disable_progress_bars()
    config = DPOConfig(
        output_dir=str(checkpoints),
        **spec.args.model_dump(),
        use_cpu=loaded.device.type == "cpu",
        bf16=spec.dtype == "bfloat16",
        save_total_limit=KEPT_CHECKPOINTS,
        logging_first_step=True,
        # The reporter stops on a loss that is not finite; the filter would hide it.
        logging_nan_inf_filter=False,
        dataloader_pin_memory=loaded.device.type == "cuda",
        # TRL switches off all dropout, LoRA's too, unless told not to.
        disable_dropout=not (spec.lora and spec.lora.dropout),
        disable_tqdm=True,
        report_to=[],
    )
    lora = spec.lora and LoraConfig(
        r=spec.lora.r,
        lora_alpha=spec.lora.alpha,
        lora_dropout=spec.lora.dropout,
        target_modules=spec.lora.target_modules,
        task_type="CAUSAL_LM",
    )
    return DPOTrainer(
        model=loaded.model,
        args=config,
        train_dataset=Dataset.from_list([_conversation(row) for row in rows]),
        processing_class=loaded.tokenizer,
        peft_config=lora,
        callbacks=[reporter],
    )


def _conversation(row: TrainRow) -> dict[str, list[dict[str, str]]]:
    columns = {"prompt": row.prompt, "chosen": row.chosen, "rejected": row.rejected}
    try:
        return {
            name: [{"role": turn.role, "content": plain_text(turn)} for turn in turns]
            for name, turns in columns.items()
        }
    except RenderError as error:
        raise UserError(f"This model cannot be trained on these rows: {error}.") from error


def _cut_rows(trainer: Any, max_length: int) -> int:
    """How many rows lose the end of a response to max_length."""
    return sum(
        len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) > max_length
        for row in trainer.train_dataset
    )


def _probe(trainer: Any, most: int, batch_size: int) -> list[dict[str, torch.Tensor]]:
    """Batches of at most `most` rows, spread evenly over the training set."""
    count = len(trainer.train_dataset)
    step = max(1, count // most)
    rows = [trainer.train_dataset[index] for index in range(0, count, step)][:most]
    return [
        trainer.data_collator(rows[start : start + batch_size]) for start in range(0, len(rows), batch_size)
    ]


def _mean_logps(trainer: Any, batches: list[dict[str, torch.Tensor]]) -> tuple[float, float]:
    """Mean over rows of ln π(chosen | prompt) and ln π(rejected | prompt), summed over response tokens."""
    chosen: list[float] = []
    rejected: list[float] = []
    model = trainer.model
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for batch in batches:
            inputs = {name: value.to(model.device) for name, value in batch.items()}
            answer = inputs.pop("completion_mask")
            labels = inputs["input_ids"].masked_fill(answer == 0, -100)
            # TRL's own head: log-probabilities of the labels alone, never all logits at once.
            output = model(**inputs, labels=labels, use_cache=False, fused_lm_head=True)
            sums = output.log_probs.sum(dim=1).tolist()
            chosen += sums[: len(sums) // 2]
            rejected += sums[len(sums) // 2 :]
    model.train(was_training)
    return sum(chosen) / len(chosen), sum(rejected) / len(rejected)


def _result(
    trainer: Any,
    loaded: LocalModel,
    metrics: Sequence[MetricRow],
    *,
    dropped: int,
    before: tuple[float, float],
    after: tuple[float, float],
    target: Path,
) -> TrainResult:
    first, last = metrics[0].values, metrics[-1].values
    return TrainResult(
        train_steps=trainer.state.global_step,
        train_rows=len(trainer.train_dataset),
        dropped_rows=dropped,
        loss_first=first["loss"],
        loss_last=last["loss"],
        margin_last=last["rewards/margins"],
        accuracy_last=last["rewards/accuracies"],
        logps_chosen_first=before[0],
        logps_chosen_last=after[0],
        logps_chosen_change=after[0] - before[0],
        logps_rejected_change=after[1] - before[1],
        model_path=str(target),
        base_fingerprint=loaded.fingerprint,
        model_fingerprint=fingerprint(target),
    )


def _save(trainer: Any, loaded: LocalModel, target: Path) -> None:
    """Write the model next to its place and move it there whole."""
    model = trainer.accelerator.unwrap_model(trainer.model).to(torch.float32)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    draft = target.with_name(".model.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    model.config.use_cache = True
    model.save_pretrained(draft)
    loaded.tokenizer.save_pretrained(draft)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)


def _newest_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written to its end; half-written ones are removed."""
    whole = []
    for checkpoint in folder.glob("checkpoint-*"):
        if (checkpoint / COMPLETE).is_file():
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint)
    return max(whole, key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


if __name__ == "__main__":
    work("train", run)
