"""The registry of job kinds, keyed by `Job.Kind`. The one place that knows them all."""

from __future__ import annotations

from django.utils.module_loading import import_string

from trainer_bridge.kinds.base import JobKind
from trainer_bridge.models import Job

# Dotted paths: a kind imports services that import this registry.
KINDS: dict[str, str] = {
    Job.Kind.GENERATE: "trainer_bridge.kinds.generate.Generate",
    Job.Kind.JUDGE: "trainer_bridge.kinds.judge.JudgePairs",
    Job.Kind.SCORE: "trainer_bridge.kinds.score.ScorePairs",
    Job.Kind.SCORE_TEXTS: "trainer_bridge.kinds.score_texts.ScoreTexts",
    Job.Kind.ESTIMATE: "trainer_bridge.kinds.estimate.Estimate",
    Job.Kind.SCORE_TOKENS: "trainer_bridge.kinds.score_tokens.ScoreTokens",
    Job.Kind.EMBED: "trainer_bridge.kinds.embed.EmbedTexts",
    Job.Kind.TRAIN: "trainer_bridge.kinds.train.Train",
    Job.Kind.EVALUATE: "trainer_bridge.kinds.evaluate.Evaluate",
}


def kind_named(name: str) -> JobKind:
    """The kind that knows how to prepare, ingest and finish jobs of this name."""
    kind: JobKind = import_string(KINDS[name])()
    return kind
