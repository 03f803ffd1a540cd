"""Token counts of pairs under a model's tokenizer: exports read off them what a trainer would cut or drop.

`inputs`: {"split": …, "model": ModelVersion id}.
"""

from __future__ import annotations

from typing import Any

from curation.models import ScoreProducer
from curation.scorers import SCORERS, SHARED_TOKENS
from curation.services.score_record import producer_fingerprint, producer_get_or_create
from trainer_bridge.contracts import ScoreValuesRow, TokenScoreSpec
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import pair_rows, pairs_of
from trainer_bridge.kinds.registered import registered_model
from trainer_bridge.kinds.values import values_record
from trainer_bridge.models import Job
from trainer_bridge.services.model_check import model_check


class ScoreTokens(JobKind):
    worker = "score_tokens"

    def queue(self, spec: dict[str, Any]) -> str:  # noqa: ARG002 -- a tokenizer needs no accelerator
        return "cpu"

    def prepare(self, job: Job) -> Prepared:
        spec = TokenScoreSpec.model_validate(job.spec)
        pairs = pairs_of(job.project_id, job.inputs["split"])
        if known := _known_producer(job):
            pairs = pairs.lacking_scores([known.pk])
        return Prepared(spec=spec, total=write_rows(job.out_dir / spec.pairs, pair_rows(pairs)))

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows what made these counts
            return {}
        rows = [ScoreValuesRow.model_validate(row) for row in out.rows("scores.jsonl")]
        if not rows:
            return {}
        producer = _producer(job, environment)
        values_record(rows, lambda _scorer, _version: producer)
        return {"pairs_scored": len(rows)}

    def finish(self, job: Job) -> dict[str, Any]:
        found = _known_producer(job)
        return {"producers": {SHARED_TOKENS: found.pk} if found else {}}


def _details(fingerprint: str) -> dict[str, Any]:
    return {"model_fingerprint": fingerprint, "version": SCORERS[SHARED_TOKENS].version}


def _known_producer(job: Job) -> ScoreProducer | None:
    """Who counted with this model's tokenizer last; nobody before a worker has read the model's files."""
    model = registered_model(job)
    if not model.fingerprint:
        return None
    there = ScoreProducer.objects.filter(project=job.project_id, scorer=SHARED_TOKENS)
    return there.filter(details__contains=_details(model.fingerprint)).order_by("pk").last()


def _producer(job: Job, environment: dict[str, Any]) -> ScoreProducer:
    """A template that changed makes counts of its own; pairs counted before lack them until the next job."""
    model = registered_model(job)
    model_check(model=model, environment=environment)
    details = _details(environment["model_fingerprint"]) | {"template_hash": environment["template_hash"]}
    return producer_get_or_create(
        project=job.project,
        scorer=SHARED_TOKENS,
        fingerprint=producer_fingerprint(SHARED_TOKENS, details),
        label=model.name,
        details=details,
    )
