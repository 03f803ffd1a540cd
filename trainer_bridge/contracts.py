"""What the web side and the worker scripts say to each other.

A worker is `python -m trainer_bridge.workers.<name> --spec spec.json --out DIR`. The spec is one of the
models below; results are JSON lines under DIR. This module is imported on both sides, so it knows
neither Django nor torch.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from curation.scorers import TEXTS

Dtype = Literal["float32", "bfloat16"]
Role = Literal["system", "user", "assistant", "tool"]
# What `score_pairs` can compute; each may give several scores. The last two take passes of their own.
OwnComputation = Literal["ches", "last_hidden_ip", "angle", "token_edit", "logprob", "entanglement"]
Computation = Literal[OwnComputation, "log_ratio", "lora_entanglement"]

MOST_PROBE_ROWS = 4096
BUILT_IN_EMBEDDER = "all-MiniLM-L6-v2"


class ExitCode(IntEnum):
    """Exit statuses of a worker; any other value is a crash."""

    DONE = 0
    BAD_SPEC = 2
    CANCELLED = 3


class Strict(BaseModel):
    """A spec with an unknown or misspelt key is refused rather than half obeyed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(BaseModel):
    """One chat turn. Content is text, or the typed parts of a multimodal turn."""

    model_config = ConfigDict(extra="allow", frozen=True)

    role: Role
    content: str | list[dict[str, Any]]


# ── rows that travel in files ────────────────────────────────────────────────


class PromptRow(Strict):
    """A row of `prompts.jsonl`: what to answer, and which sample indices already exist."""

    prompt_id: str
    messages: Annotated[list[Message], Field(min_length=1)]
    have: list[int] = []


class ResponseRow(Strict):
    """A row of `responses.jsonl`. (prompt_id, sample_index) is its natural key."""

    prompt_id: str
    sample_index: int
    text: str
    finish_reason: Literal["stop", "length"] | None = None
    n_tokens: int | None = None
    seed: int | None = None


class FailureRow(Strict):
    """A row of `failures.jsonl`: work that was tried and given up, with the reason in words."""

    key: str
    error: str


class PairRow(Strict):
    """A row of `pairs.jsonl`: both continuations of one prompt, in canonical order."""

    pair_id: str
    prompt: Annotated[list[Message], Field(min_length=1)]
    response_a: str
    response_b: str


class ScoreRow(Strict):
    """A row of `scores.jsonl` for the `ches` scorer (Razin et al., arXiv 2410.08847).

    `n_*` count the summed hidden states: the last prompt token through the last response token.
    """

    pair_id: str
    dot_ab: float
    norm2_a: float
    norm2_b: float
    n_a: int
    n_b: int
    ches_a_over_b: float
    ches_b_over_a: float
    ln_ches_a_over_b: float
    ln_ches_b_over_a: float


class ScoreValue(Strict):
    """The score of a over b by one scorer in one version, and what it found in each response, if anything.

    A directed score of b over a is the negative of this.
    """

    scorer: str
    version: int
    value: float
    details: dict[str, float] = {}


class ScoreValuesRow(Strict):
    """A pair's scores by a computation that is not `ches`: a row of `<computation>.jsonl` of `score_pairs`,
    or, with all scorers that were asked for, of `scores.jsonl` of `score_texts` and `score_tokens`."""

    pair_id: str
    scores: list[ScoreValue]


class EstimateInput(PairRow):
    """A row of the `pairs` of `estimate`: a pair with its prompt's id, its winner where it is labelled, and
    whether an estimate of it is wanted."""

    prompt_id: int
    winner: Literal["a", "b", ""] = ""
    wanted: bool = True


class EstimateRow(Strict):
    """A row of `estimates.jsonl`, over the passes of the head that has not seen the pair's prompt.

    `probability` is the mean of P(a beats b) and `variance` its variance; `majority` is +1 where most passes
    prefer a, −1 where most prefer b, 0 where neither has more, and `share` that of the passes that do.
    """

    pair_id: str
    probability: float
    variance: float
    bald: float
    majority: Literal[-1, 0, 1]
    share: float


class FeatureRow(Strict):
    """A row of `features.jsonl`: what the model makes of a pair, with a first and with b first; (2, d)
    float32 numbers in base64."""

    pair_id: str
    states: str


class TextRow(Strict):
    """A row of `texts.jsonl`: a text to embed under a key of its own."""

    key: str
    text: str


class EmbeddingRow(Strict):
    """A row of `embeddings.jsonl`: base64 of little-endian float32 numbers, a vector of length 1.

    `is_cut`: the text is longer than what the model reads, and the vector is of its beginning.
    """

    key: str
    is_cut: bool
    vector: str


class EmbedderFacts(Strict):
    """`embedder.json`, written before the first row: what made the embeddings.

    `window` is how many tokens of a text the model reads.
    """

    fingerprint: str
    dimensions: int
    window: int


class VerdictRow(Strict):
    """A row of `verdicts.jsonl`: one judge call. (pair_id, left) is its natural key.

    `p_left` is P(left response is better) from the two verdict tokens; None when unparsed. `mass`
    is the probability the judge gave to the two verdict tokens together.
    """

    pair_id: str
    left: Literal["a", "b"]
    parsed: bool
    p_left: float | None
    logprob_left: float | None
    logprob_right: float | None
    mass: float | None
    raw_text: str
    error: str = ""


class MetricRow(BaseModel):
    """A row of `metrics.jsonl`: what the trainer logged at one optimiser step."""

    model_config = ConfigDict(extra="forbid")

    step: int
    epoch: float | None = None
    values: dict[str, float]


class Progress(BaseModel):
    """A row of `progress.jsonl`."""

    done: int
    total: int
    message: str = ""


class Environment(BaseModel):
    """`environment.json`: what a result was made with."""

    python: str
    packages: dict[str, str]
    device: str
    device_name: str
    dtype: str
    model_fingerprint: str
    template_hash: str = ""
    reference_fingerprint: str = ""


class Refusals(Strict):
    """`refused.json`: why `score_pairs` cannot do one of its computations, by their names."""

    reasons: dict[str, str]


# ── specs ────────────────────────────────────────────────────────────────────


class Sampling(Strict):
    """How responses are drawn. `temperature` 0 is greedy and then needs n = 1."""

    n: Annotated[int, Field(ge=1, le=64)] = 4
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 256
    seed: int | None = 0

    @model_validator(mode="after")
    def _greedy_is_single(self) -> Sampling:
        if self.temperature == 0 and self.n > 1:
            raise ValueError("temperature 0 gives the same answer every time; use n = 1")
        return self


class GenerateSpec(Strict):
    """`generate`: sample responses for every row of `prompts`.

    `transformers` loads `model` (a local directory) in the worker; `openai` asks `base_url`
    (any OpenAI-compatible server) for the model of that name; `vllm` runs vLLM's offline engine.
    """

    backend: Literal["transformers", "openai", "vllm"]
    model: str
    prompts: str
    sampling: Sampling = Sampling()
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 2048
    batch_size: Annotated[int, Field(ge=1, le=512)] = 16
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    timeout_seconds: Annotated[float, Field(gt=0)] = 120
    give_up_after_seconds: Annotated[float, Field(gt=0)] = 300

    @model_validator(mode="after")
    def _endpoint_has_url(self) -> GenerateSpec:
        if self.backend == "openai" and not self.base_url:
            raise ValueError("the openai backend needs base_url")
        return self


class JudgeSpec(Strict):
    """`judge_pairs`: a pairwise verdict on every pair, in both orders.

    `template` holds the placeholders {prompt}, {left} and {right}; `verdicts` are the two labels the
    judge chooses between (left first); `prefill` opens the judge's turn, so that the very next token
    is the verdict.
    """

    backend: Literal["transformers", "openai"] = "transformers"
    model: str
    pairs: str
    template: str
    system: str = ""
    prefill: str = ""
    verdicts: tuple[str, str] = ("A", "B")
    min_mass: Annotated[float, Field(ge=0, le=1)] = 0.01
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 2048
    batch_size: Annotated[int, Field(ge=1, le=512)] = 8
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    timeout_seconds: Annotated[float, Field(gt=0)] = 120


class ScoreSpec(Strict):
    """`score_pairs`: one forward pass per distinct response; another under `reference` for `log_ratio`, a
    backward pass per response of the pairs in `sample` for `lora_entanglement`."""

    model: str
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 512
    pairs: str
    scorers: Annotated[list[Computation], Field(min_length=1)] = ["ches"]
    reference: str = ""
    sample: str = ""

    @model_validator(mode="after")
    def _has_what_its_scorers_need(self) -> ScoreSpec:
        if "log_ratio" in self.scorers and not self.reference:
            raise ValueError("log_ratio compares two models; name the second as reference")
        if "lora_entanglement" in self.scorers and not self.sample:
            raise ValueError("lora_entanglement needs the file of the pairs it is for, as sample")
        return self


class TextScoreSpec(Strict):
    """`score_texts`: scorers that read nothing but the texts, by their names in the registry. `toxic_words`
    names the list that `toxicity` counts by, a phrase a line; without one it is the English list."""

    pairs: str
    toxic_words: str = ""
    scorers: Annotated[list[str], Field(min_length=1)]

    @field_validator("scorers")
    @classmethod
    def _are_text_scorers(cls, names: list[str]) -> list[str]:
        if unknown := [name for name in names if name not in TEXTS]:
            raise ValueError(
                f"{', '.join(unknown)} cannot be computed from texts; choose from: {', '.join(TEXTS)}"
            )
        return list(dict.fromkeys(names))


class TokenScoreSpec(Strict):
    """`score_tokens`: every token scorer, under the tokenizer of `model`, whose weights stay on the disk."""

    model: str
    pairs: str


class EstimateSpec(Strict):
    """`estimate`: a small network on the frozen model's states, trained on the labelled pairs of `pairs`, and
    what its passes with dropout say of those that are wanted (UPO, Wang et al., arXiv 2409.11212).

    The prompts are dealt into `folds`; a pair is estimated by the network that was trained without its fold.
    `template` holds {prompt}, {left} and {right}; the state is the last before the answer, after `prefill`.
    """

    model: str
    pairs: str
    template: str
    system: str = ""
    prefill: str = ""
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=32)] = 1024
    passes: Annotated[int, Field(ge=2, le=200)] = 10
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    hidden: Annotated[int, Field(ge=1, le=4096)] = 64
    dropout: Annotated[float, Field(gt=0, lt=1)] = 0.1
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.01
    epochs: Annotated[int, Field(ge=1, le=1000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 32
    seed: int = 0


class EstimateResult(Strict):
    """What the networks make of the labelled pairs, each told by the one that has not seen its prompt.

    `agree`, `contradict` and `undecided` count the majorities of the passes; `log_loss` is that of the mean
    probability, in nats, where ln 2 is a coin toss.
    """

    labelled: int
    estimated: int
    agree: int
    contradict: int
    undecided: int
    log_loss: float
    model_fingerprint: str


class EmbedSpec(Strict):
    """`embed_texts`: sentence embeddings of every row of `texts`.

    `model` is a local directory in the format of sentence-transformers; empty is BUILT_IN_EMBEDDER, which
    comes with the worker environment.
    """

    model: str = ""
    texts: str


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


SPECS: dict[str, type[Strict]] = {
    "generate": GenerateSpec,
    "judge_pairs": JudgeSpec,
    "score_pairs": ScoreSpec,
    "score_texts": TextScoreSpec,
    "estimate": EstimateSpec,
    "score_tokens": TokenScoreSpec,
    "embed_texts": EmbedSpec,
    "train": TrainSpec,
    "evaluate": EvaluateSpec,
}
