"""Scores of pairs under a model: CHES in both directions, and what else the same forward passes give.

`inputs`: {"split": …, "model": ModelVersion id, "computations": those with pairs left to score,
"producers": {scorer: id} once known}.
"""

from __future__ import annotations

from typing import Any

from curation.models import Pair, ScoreProducer
from curation.scorers import SCORERS, computed_by
from curation.services.score_record import (
    PairScoreValue,
    producer_fingerprint,
    producer_get_or_create,
    scores_record,
)
from trainer_bridge.contracts import ScoreRow, ScoreSpec, ScoreValuesRow
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import pair_rows, pairs_of
from trainer_bridge.kinds.values import values_record
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.model_check import model_check


class ScorePairs(JobKind):
    worker = "score_pairs"

    def prepare(self, job: Job) -> Prepared:
        spec = ScoreSpec.model_validate(job.spec)
        producers = _known_producers(job, spec)
        pairs = pairs_of(job.project_id, job.inputs["split"])
        lacking = []
        for computation in spec.scorers:
            names = [scorer.name for scorer in computed_by(computation)]
            known = [producers[name] for name in names if name in producers]
            if len(known) < len(names) or pairs.lacking_scores(known).exists():
                lacking.append(computation)
        wanted = [scorer.name for computation in lacking for scorer in computed_by(computation)]
        if not lacking:
            pairs = Pair.objects.none()
        elif all(name in producers for name in wanted):
            pairs = pairs.lacking_scores(producers[name] for name in wanted)
        job.inputs["computations"] = lacking or spec.scorers
        return Prepared(
            spec=spec.model_copy(update={"scorers": job.inputs["computations"]}),
            total=write_rows(job.out_dir / spec.pairs, pair_rows(pairs)),
        )

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows what made these scores
            return {}
        computations = job.inputs.get("computations", ["ches"])
        rows = {
            name: out.rows("scores.jsonl" if name == "ches" else f"{name}.jsonl") for name in computations
        }
        # Every computation writes a row for each pair, so the first one's rows tell how many pairs there are.
        counted = len(rows[computations[0]])
        if not any(rows.values()):
            return {}
        producers = _producers(job, environment)
        _record_ches([ScoreRow.model_validate(row) for row in rows.pop("ches", [])], producers)
        others = [ScoreValuesRow.model_validate(row) for found in rows.values() for row in found]
        values_record(others, lambda scorer, _version: producers[scorer])
        return {"pairs_scored": counted}

    def finish(self, job: Job) -> dict[str, Any]:
        return {"producers": job.inputs.get("producers", {})}


def _record_ches(rows: list[ScoreRow], producers: dict[str, ScoreProducer]) -> None:
    for scorer in computed_by("ches"):
        values = [value for row in rows for value in _values(scorer.name, row)]
        if values:
            scores_record(producer=producers[scorer.name], rows=values)


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


def _details(scorer: str, spec: ScoreSpec, environment: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides a score; scores that differ here are never compared.

    The first version goes without saying: there are scores from before scorers had versions.
    """
    version = SCORERS[scorer].version
    return {
        "model_fingerprint": environment.get("model_fingerprint", ""),
        "template_hash": environment.get("template_hash", ""),
        "dtype": spec.dtype,
        "max_length": spec.max_length,
        **({"version": version} if version > 1 else {}),
    }


def _scorers(spec: ScoreSpec) -> list[str]:
    return [scorer.name for computation in spec.scorers for scorer in computed_by(computation)]


def _model(job: Job) -> ModelVersion:
    model: ModelVersion | None = ModelVersion.objects.filter(pk=job.inputs["model"]).first()
    if model is None:
        raise JobError(
            "The model that these pairs were to be scored with is no longer registered. "
            "Register its directory again and start the scoring anew."
        )
    return model


def _known_producers(job: Job, spec: ScoreSpec) -> dict[str, int]:
    """The producers whose pairs need no second scoring, as far as it can be told before the start."""
    if "producers" in job.inputs:
        known: dict[str, int] = job.inputs["producers"]
        return known
    model = _model(job)
    if not model.fingerprint:
        return {}
    assumed: dict[str, int] = {}
    for scorer in _scorers(spec):
        settings = _details(scorer, spec, {"model_fingerprint": model.fingerprint})
        del settings["template_hash"]
        producers = ScoreProducer.objects.filter(
            project=job.project, scorer=scorer, details__contains=settings
        )
        if "version" not in settings:
            producers = producers.exclude(details__has_key="version")
        if last := producers.order_by("pk").last():
            assumed[scorer] = last.pk
    job.inputs["assumed"] = assumed
    return assumed


def _producers(job: Job, environment: dict[str, Any]) -> dict[str, ScoreProducer]:
    """One producer per scorer; made when the first score arrives."""
    if "producers" in job.inputs:
        found = ScoreProducer.objects.in_bulk(list(job.inputs["producers"].values()))
        return {scorer: found[pk] for scorer, pk in job.inputs["producers"].items()}
    model = _model(job)
    model_check(model=model, environment=environment)
    spec = ScoreSpec.model_validate(job.spec)
    producers = {scorer: _producer(job, model, scorer, spec, environment) for scorer in _scorers(spec)}
    ids = {scorer: producer.pk for scorer, producer in producers.items()}
    if not job.inputs.get("assumed", {}).items() <= ids.items():
        raise JobError(
            f"The chat template of {model.name} is not the one its earlier scores were made with. "
            "Register the directory again under a new name and score with that."
        )
    job.inputs["producers"] = ids
    return producers


def _producer(
    job: Job, model: ModelVersion, scorer: str, spec: ScoreSpec, environment: dict[str, Any]
) -> ScoreProducer:
    details = _details(scorer, spec, environment)
    return producer_get_or_create(
        project=job.project,
        scorer=scorer,
        fingerprint=producer_fingerprint(scorer, details),
        label=model.name,
        details=details,
    )
