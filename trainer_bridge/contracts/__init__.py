"""What the web side and the worker scripts say to each other.

A worker is `python -m trainer_bridge.workers.<name> --spec spec.json --out DIR`. The spec is one of the
models here; results are JSON lines under DIR. These modules are imported on both sides, so they know
neither Django nor torch.
"""

from __future__ import annotations

from trainer_bridge.contracts.base import (
    Dtype,
    Environment,
    ExitCode,
    FailureRow,
    Message,
    Progress,
    Role,
    Strict,
)
from trainer_bridge.contracts.embedding import (
    BUILT_IN_EMBEDDER,
    EmbedderFacts,
    EmbeddingRow,
    EmbedSpec,
    TextRow,
)
from trainer_bridge.contracts.estimating import (
    EstimateInput,
    EstimateResult,
    EstimateRow,
    EstimateSpec,
    FeatureRow,
)
from trainer_bridge.contracts.judging import JudgeSpec, PairRow, VerdictRow
from trainer_bridge.contracts.sampling import GenerateSpec, PromptRow, ResponseRow, Sampling
from trainer_bridge.contracts.scoring import (
    Computation,
    OwnComputation,
    Refusals,
    ScoreRow,
    ScoreSpec,
    ScoreValue,
    ScoreValuesRow,
    ScoringRow,
    TextScoreSpec,
    TokenScoreSpec,
)
from trainer_bridge.contracts.training import (
    MOST_PROBE_ROWS,
    EvaluateResult,
    EvaluateSpec,
    LoraSpec,
    MetricRow,
    TrainArgs,
    TrainResult,
    TrainSpec,
)

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

__all__ = [
    "BUILT_IN_EMBEDDER",
    "MOST_PROBE_ROWS",
    "SPECS",
    "Computation",
    "Dtype",
    "EmbedSpec",
    "EmbedderFacts",
    "EmbeddingRow",
    "Environment",
    "EstimateInput",
    "EstimateResult",
    "EstimateRow",
    "EstimateSpec",
    "EvaluateResult",
    "EvaluateSpec",
    "ExitCode",
    "FailureRow",
    "FeatureRow",
    "GenerateSpec",
    "JudgeSpec",
    "LoraSpec",
    "Message",
    "MetricRow",
    "OwnComputation",
    "PairRow",
    "Progress",
    "PromptRow",
    "Refusals",
    "ResponseRow",
    "Role",
    "Sampling",
    "ScoreRow",
    "ScoreSpec",
    "ScoreValue",
    "ScoreValuesRow",
    "ScoringRow",
    "Strict",
    "TextRow",
    "TextScoreSpec",
    "TokenScoreSpec",
    "TrainArgs",
    "TrainResult",
    "TrainSpec",
    "VerdictRow",
]
