"""What an estimator trained on the project's judgments says of its pairs (UPO).

`inputs`: {"split": …, "model": ModelVersion id, "method": consensus method; and, once the labels are known,
"labels": how many, "labels_state": what names them, "rows": pairs in the worker's file, "producers"}. The
labels are those of the first attempt: a retry trains the same estimator.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db.models import Q

from curation.models import Consensus, Pair, Prompt, ScoreProducer
from curation.querysets import PairQuerySet
from curation.scorers import ESTIMATE_SCORERS
from curation.services.consensus_refresh import consensus_refresh
from curation.services.score_record import (
    PairScoreValue,
    producer_fingerprint,
    producer_get_or_create,
    scores_record,
)
from trainer_bridge.contracts import EstimateInput, EstimateResult, EstimateRow, EstimateSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.kinds.pairs import pair_rows, pairs_of
from trainer_bridge.kinds.registered import registered_model
from trainer_bridge.models import Job
from trainer_bridge.services.model_check import model_check

ESTIMATES = "estimates.jsonl"
# Too few labels teach nothing, and folds would be left without any.
LEAST_LABELS = 10
# All scores come from one computation.
(VERSION,) = {scorer.version for scorer in ESTIMATE_SCORERS}
SPEC_DETAILS = (
    "template", "system", "prefill", "dtype", "max_length", "passes", "folds", "hidden", "dropout",
    "learning_rate", "weight_decay", "epochs", "batch_size", "seed",
)  # fmt: skip


class Estimate(JobKind):
    worker = "estimate"

    def prepare(self, job: Job) -> Prepared:
        spec = EstimateSpec.model_validate(job.spec)
        path = job.out_dir / spec.pairs
        # The worker writes this file anew at its end.
        job.offsets.pop(ESTIMATES, None)
        job.counts.pop("pairs_scored", None)
        if "labels_state" not in job.inputs or not path.exists():
            labels = labels_of(job)
            if len(labels) < LEAST_LABELS:
                raise JobError(too_few(len(labels)))
            wanted = _wanted(job, spec, labels)
            rows = write_rows(path, _rows(job, labels, wanted)) if wanted.exists() else 0
            job.inputs |= {"labels": len(labels), "labels_state": labels_state(labels), "rows": rows}
        return Prepared(spec=spec, total=job.inputs["rows"])

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows what made these scores
            return {}
        rows = [EstimateRow.model_validate(row) for row in out.rows(ESTIMATES)]
        if not rows:
            return {}
        producers = _producers(job, environment)
        for scorer, values in _values(rows).items():
            scores_record(producer=producers[scorer], rows=values)
        return {"pairs_scored": len(rows)}

    def finish(self, job: Job) -> dict[str, Any]:
        producers = job.inputs.get("producers", {})
        found = read_json(job.out_dir / "result.json")
        if found is None:
            return {"producers": producers}
        result = EstimateResult.model_validate(found)
        held_out = result.model_dump(include={"labelled", "agree", "contradict", "undecided", "log_loss"})
        for producer in ScoreProducer.objects.filter(pk__in=producers.values()):
            producer.details |= {"held_out": held_out}
            producer.save(update_fields=["details"])
        return result.model_dump(mode="json") | {"producers": producers}


def labels_of(job: Job) -> dict[int, str]:
    """The winner, a or b, of every pair to learn from."""
    consensus_refresh(project=job.project, method=job.inputs["method"])
    pairs = labelled_pairs(job.project_id, job.inputs["method"]).order_by("pair")
    return dict(pairs.values_list("pair", "winner"))


def labelled_pairs(project_id: int, method: str) -> Any:
    """Conclusions with a winner on pairs of the train split whose prompts are not excluded."""
    prompts = Prompt.objects.filter(project=project_id, split=Prompt.Split.TRAIN).included()
    return Consensus.objects.filter(method=method, winner__in=["a", "b"], pair__prompt__in=prompts)


def labels_state(labels: dict[int, str]) -> str:
    return hashlib.sha256(repr(sorted(labels.items())).encode()).hexdigest()


def too_few(n: int) -> str:
    return (
        f"There are {n} pairs with a winner in the train split, and an estimator needs at least "
        f"{LEAST_LABELS} to learn from. Judge more pairs first."
    )


def _wanted(job: Job, spec: EstimateSpec, labels: dict[int, str]) -> PairQuerySet:
    """The pairs of the split that this very estimator has not scored."""
    pairs = pairs_of(job.project_id, job.inputs["split"])
    model = registered_model(job)
    if not model.fingerprint:
        return pairs
    known = _details(spec, labels_state(labels), model.fingerprint)
    producers = ScoreProducer.objects.filter(project=job.project, details__contains=known)
    found = dict(producers.order_by("pk").values_list("scorer", "pk"))
    if len(found) < len(ESTIMATE_SCORERS):
        return pairs
    return pairs.lacking_scores(found.values())


def _rows(job: Job, labels: dict[int, str], wanted: PairQuerySet) -> Iterator[EstimateInput]:
    """The labelled pairs and the wanted ones, each once."""
    asked = set(wanted.values_list("pk", flat=True))
    taught = labelled_pairs(job.project_id, job.inputs["method"]).values("pair")
    pairs = Pair.objects.filter(Q(pk__in=taught) | Q(pk__in=wanted.values("pk")), prompt__project=job.project)
    prompts = dict(pairs.values_list("pk", "prompt_id"))
    for row in pair_rows(pairs):
        pk = int(row.pair_id)
        yield EstimateInput(
            **row.model_dump(), prompt_id=prompts[pk], winner=labels.get(pk, ""), wanted=pk in asked
        )


def _values(rows: list[EstimateRow]) -> dict[str, list[PairScoreValue]]:
    """Each score in its directions: the probability of the other choice is what is left of 1."""
    found: dict[str, list[PairScoreValue]] = {scorer.name: [] for scorer in ESTIMATE_SCORERS}
    for row in rows:
        numbers = {
            ("upo_bald", "both"): row.bald,
            ("upo_probability", "a_over_b"): row.probability,
            ("upo_probability", "b_over_a"): 1 - row.probability,
            ("upo_majority", "a_over_b"): float(row.majority),
            ("upo_majority", "b_over_a"): float(-row.majority),
        }
        details = {"variance": row.variance, "share": row.share}
        for (scorer, direction), value in numbers.items():
            found[scorer].append(
                PairScoreValue(
                    pair_id=int(row.pair_id),
                    direction=direction,
                    value=value + 0.0,  # no −0
                    details=details,
                )
            )
    return found


def _details(spec: EstimateSpec, state: str, fingerprint: str) -> dict[str, Any]:
    """Everything that decides a score but the chat template, which only the worker knows."""
    settings = spec.model_dump(include=set(SPEC_DETAILS))
    return settings | {"labels_state": state, "model_fingerprint": fingerprint, "version": VERSION}


def _producers(job: Job, environment: dict[str, Any]) -> dict[str, ScoreProducer]:
    """One producer per scorer; made when the first score arrives."""
    if "producers" in job.inputs:
        found = ScoreProducer.objects.in_bulk(list(job.inputs["producers"].values()))
        return {scorer: found[pk] for scorer, pk in job.inputs["producers"].items()}
    model = registered_model(job)
    model_check(model=model, environment=environment)
    spec = EstimateSpec.model_validate(job.spec)
    details = _details(spec, job.inputs["labels_state"], environment.get("model_fingerprint", ""))
    details |= {"template_hash": environment.get("template_hash", "")}
    producers = {
        scorer.name: producer_get_or_create(
            project=job.project,
            scorer=scorer.name,
            fingerprint=producer_fingerprint(scorer.name, details),
            label=model.name,
            details=details | {"labels": job.inputs["labels"], "method": job.inputs["method"]},
        )
        for scorer in ESTIMATE_SCORERS
    }
    job.inputs["producers"] = {scorer: producer.pk for scorer, producer in producers.items()}
    return producers
