"""CHES scores of pairs, both directions, plain and length-normalised.

`inputs`: {"split": …, "model": ModelVersion id, "producers": {scorer: id} once known}.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db.models import Exists, OuterRef

from curation.models import PairScore, ScoreProducer
from curation.querysets import PairQuerySet
from curation.services.score_record import PairScoreValue, producer_get_or_create, scores_record
from trainer_bridge.contracts import ScoreRow, ScoreSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import pair_rows, pairs_of
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.model_check import model_check

SCORERS = ("ches", "ln_ches")


class ScorePairs(JobKind):
    worker = "score_pairs"

    def prepare(self, job: Job) -> Prepared:
        spec = ScoreSpec.model_validate(job.spec)
        pairs = _unscored(job, _known_producers(job, spec))
        return Prepared(spec=spec, total=write_rows(job.out_dir / spec.pairs, pair_rows(pairs)))

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows what made these scores
            return {}
        rows = [ScoreRow.model_validate(row) for row in out.rows("scores.jsonl")]
        if not rows:
            return {}
        producers = _producers(job, environment)
        for scorer in SCORERS:
            values = [value for row in rows for value in _values(scorer, row)]
            scores_record(producer=producers[scorer], rows=values)
        return {"pairs_scored": len(rows)}

    def finish(self, job: Job) -> dict[str, Any]:
        return {"producers": job.inputs.get("producers", {})}


def _values(scorer: str, row: ScoreRow) -> list[PairScoreValue]:
    """Both directions: `a_over_b` is the score were a chosen over b."""
    details = {"n_a": row.n_a, "n_b": row.n_b}
    return [
        PairScoreValue(
            pair_id=int(row.pair_id),
            direction=direction,
            value=getattr(row, f"{scorer}_{direction}"),
            details=details,
        )
        for direction in ("a_over_b", "b_over_a")
    ]


def _details(spec: ScoreSpec, environment: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides a score; scores that differ here are never compared."""
    return {
        "model_fingerprint": environment.get("model_fingerprint", ""),
        "template_hash": environment.get("template_hash", ""),
        "dtype": spec.dtype,
        "max_length": spec.max_length,
    }


def _known_producers(job: Job, spec: ScoreSpec) -> dict[str, int]:
    """The producers whose pairs need no second scoring, as far as it can be told before the start."""
    if "producers" in job.inputs:
        known: dict[str, int] = job.inputs["producers"]
        return known
    model = ModelVersion.objects.get(pk=job.inputs["model"])
    if not model.fingerprint:
        return {}
    settings = _details(spec, {"model_fingerprint": model.fingerprint})
    del settings["template_hash"]
    producers = ScoreProducer.objects.filter(
        project=job.project, scorer__in=SCORERS, details__contains=settings
    )
    assumed = {producer.scorer: producer.pk for producer in producers.order_by("pk")}
    if set(assumed) != set(SCORERS):
        return {}
    job.inputs["assumed"] = assumed
    return assumed


def _unscored(job: Job, producers: dict[str, int]) -> PairQuerySet:
    pairs = pairs_of(job.project_id, job.inputs["split"])
    if not producers:
        return pairs
    # The last scorer's rows are written last, in the same transaction as the others'.
    scored = PairScore.objects.filter(pair=OuterRef("pk"), producer=producers[SCORERS[-1]])
    return pairs.filter(~Exists(scored))


def _producers(job: Job, environment: dict[str, Any]) -> dict[str, ScoreProducer]:
    """One producer per scorer; made when the first score arrives."""
    if "producers" in job.inputs:
        found = ScoreProducer.objects.in_bulk(list(job.inputs["producers"].values()))
        return {scorer: found[pk] for scorer, pk in job.inputs["producers"].items()}
    model = ModelVersion.objects.get(pk=job.inputs["model"])
    model_check(model=model, environment=environment)
    details = _details(ScoreSpec.model_validate(job.spec), environment)
    producers = {
        scorer: producer_get_or_create(
            project=job.project,
            scorer=scorer,
            fingerprint=_fingerprint(scorer, details),
            label=model.name,
            details=details,
        )
        for scorer in SCORERS
    }
    ids = {scorer: producer.pk for scorer, producer in producers.items()}
    if job.inputs.get("assumed", ids) != ids:
        raise JobError(
            f"The chat template of {model.name} is not the one its earlier scores were made with. "
            "Register the directory again under a new name and score with that."
        )
    job.inputs["producers"] = ids
    return producers


def _fingerprint(scorer: str, details: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps([scorer, details], sort_keys=True).encode()).hexdigest()
