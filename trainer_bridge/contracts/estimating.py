"""An estimator of pairs, trained on the judgments."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer_bridge.contracts.base import Dtype, Strict
from trainer_bridge.contracts.judging import PairRow


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
