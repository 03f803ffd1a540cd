"""Scores for the page walk: from judgments, from two rankings, and of an estimator."""

from __future__ import annotations

from typing import Any

from curation.models import Pair, PairScore, Project, ScoreBuild, ScoreProducer
from curation.services.score_build import judged_scores_request, ranking_scores_request, score_build


def scored(*, project: int) -> None:
    """Everything the page of scores can show: fresh, out of date, on its way and failed."""
    of = Project.objects.get(pk=project)
    score_build(build_id=judged_scores_request(project=of, user=None).pk)
    keys = [f"producer:{_log_probabilities(of, label, sign).pk}" for label, sign in (("old", 1), ("new", -1))]
    asked: dict[str, Any] = {"project": of, "user": None, "first": keys[0], "second": keys[1]}
    score_build(build_id=ranking_scores_request(scorer="kendall_consistency", **asked).pk)
    ScoreBuild.objects.filter(kind="rankings").update(counts={"first_pairs": 0, "second_pairs": 0})
    ranking_scores_request(scorer="spearman_consistency", **asked)
    failed = {"scorer": "top_order_consistency", "first": keys[0], "second": keys[1]}
    ScoreBuild.objects.create(
        project=of, kind="rankings", params=failed, state="failed", error="What was to be compared is gone."
    )
    _estimates(of)


def _log_probabilities(project: Project, label: str, sign: int) -> ScoreProducer:
    producer = ScoreProducer.objects.create(
        project=project, scorer="mean_logp_gap", fingerprint=label, label=f"the {label} model"
    )
    for pair in Pair.objects.for_project(project):
        a, b = -1.0 - sign * (pair.response_a_id % 7) / 10, -1.0 - sign * (pair.response_b_id % 7) / 10
        for direction, value in (("a_over_b", a - b), ("b_over_a", b - a)):
            PairScore.objects.create(
                pair=pair, producer=producer, scorer="mean_logp_gap", direction=direction, value=value,
                details={"a": a, "b": b},
            )  # fmt: skip
    return producer


def _estimates(project: Project) -> None:
    held_out = {"labelled": 20, "agree": 15, "contradict": 4, "undecided": 1, "log_loss": 0.55}
    producer = ScoreProducer.objects.create(
        project=project, scorer="upo_bald", fingerprint="upo", label="an estimator",
        details={"version": 1, "dtype": "float32", "max_length": 1024, "labels": 20, "held_out": held_out},
    )  # fmt: skip
    for pair in Pair.objects.for_project(project):
        PairScore.objects.create(
            pair=pair, producer=producer, scorer="upo_bald", direction="both", value=(pair.pk % 9) / 20
        )
