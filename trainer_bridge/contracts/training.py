"""Training a model, and telling how good it is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer_bridge.contracts.base import Dtype, Strict
from trainer_bridge.contracts.judging import JudgeSpec
from trainer_bridge.contracts.sampling import Sampling

MOST_PROBE_ROWS = 4096


class MetricRow(BaseModel):
    """A row of `metrics.jsonl`: what the trainer logged at one optimiser step."""

    model_config = ConfigDict(extra="forbid")

    step: int
    epoch: float | None = None
    values: dict[str, float]


class LoraSpec(Strict):
    r: Annotated[int, Field(ge=1, le=512)] = 16
    alpha: Annotated[int, Field(ge=1, le=1024)] = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    target_modules: str = "all-linear"


class TrainArgs(Strict):
    """Trainer arguments by TRL's own names (`DPOConfig`); units are TRL's."""

    loss_type: Literal["sigmoid", "ipo", "hinge", "sigmoid_norm", "apo_zero"] = "sigmoid"
    beta: Annotated[float, Field(gt=0, le=100)] = 0.1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 5e-5
    lr_scheduler_type: Literal["linear", "cosine", "constant"] = "linear"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    num_train_epochs: Annotated[float, Field(gt=0, le=100)] = 1.0
    max_steps: Annotated[int, Field(ge=-1)] = -1
    per_device_train_batch_size: Annotated[int, Field(ge=1, le=512)] = 4
    gradient_accumulation_steps: Annotated[int, Field(ge=1, le=1024)] = 1
    max_length: Annotated[int, Field(ge=16)] = 512
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    logging_steps: Annotated[int, Field(ge=1)] = 1
    save_steps: Annotated[int, Field(ge=1)] = 50
    gradient_checkpointing: bool = False
    seed: int = 42


class TrainSpec(Strict):
    """`train`: preference optimisation of `base_model` on an exported dataset version.

    Writes `metrics.jsonl`, `checkpoints/` and, at the end, `model/` (LoRA merged, loadable by
    `from_pretrained`) and `result.json` (a `TrainResult`). The log-probabilities of `probe_rows` rows
    of training are measured before and after, to tell likelihood displacement.
    """

    method: Literal["dpo"] = "dpo"
    base_model: str
    dataset: str
    dtype: Dtype = "float32"
    probe_rows: Annotated[int, Field(ge=1, le=MOST_PROBE_ROWS)] = 32
    lora: LoraSpec | None = LoraSpec()
    args: TrainArgs = TrainArgs()


class TrainResult(Strict):
    """What a finished training run came to. Log-probabilities are summed over response tokens."""

    train_steps: int
    train_rows: int
    dropped_rows: int
    loss_first: float
    loss_last: float
    margin_last: float
    accuracy_last: float
    logps_chosen_first: float
    logps_chosen_last: float
    logps_chosen_change: float
    logps_rejected_change: float
    model_path: str
    base_fingerprint: str
    model_fingerprint: str


class EvaluateSpec(Strict):
    """`evaluate`: answer `prompts` with model and baseline, then judge every pair in both orders.

    In `pairs.jsonl` and `verdicts.jsonl` response a is the model's and b the baseline's.
    """

    model: str
    baseline: str
    prompts: str
    sampling: Sampling = Sampling(n=1)
    judge: JudgeSpec
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 2048
    batch_size: Annotated[int, Field(ge=1, le=512)] = 16
    bootstrap_samples: Annotated[int, Field(ge=100, le=100_000)] = 2000
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    seed: int = 0


class EvaluateResult(Strict):
    """Win rate of model over baseline on the eval split.

    A prompt counts 1 (win), 0 (loss) or ½ (the verdict flipped with the order, or the answers were
    identical); `win_rate_ci` is a percentile bootstrap over prompts.
    """

    eval_prompts: int
    judged: int
    wins: int
    losses: int
    ties: int
    flips: int
    identical: int
    unparsed: int
    win_rate: float
    win_rate_ci: tuple[float, float]
    mean_probability: float
    model_fingerprint: str
    baseline_fingerprint: str
