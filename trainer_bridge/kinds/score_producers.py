"""Who makes the scores of a job: one producer for each scorer, model, reference, precision and length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curation.models import ScoreProducer
from curation.scorers import SCORERS, Needs, computed_by
from curation.services.score_record import producer_fingerprint, producer_get_or_create
from trainer_bridge.contracts import ScoreSpec
from trainer_bridge.errors import JobError
from trainer_bridge.kinds.registered import registered_model
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.model_check import model_check

LABEL_LENGTH = 200
NO_REFERENCE = (
    "The second model is no longer registered. Register its directory again and start the scoring anew."
)


def known_producers(job: Job, spec: ScoreSpec) -> dict[str, int]:
    """The producers whose pairs need no second scoring, as far as it can be told before the start."""
    if "producers" in job.inputs:
        known: dict[str, int] = job.inputs["producers"]
        return known
    model, reference = registered_model(job), _reference(job)
    if not model.fingerprint:
        return {}
    assumed: dict[str, int] = {}
    for scorer in _scorers(spec.scorers):
        if _takes_two(scorer) and not (reference and reference.fingerprint):
            continue
        environment = {
            "model_fingerprint": model.fingerprint,
            "reference_fingerprint": reference.fingerprint if reference else "",
        }
        settings = _details(scorer, spec, environment)
        del settings["template_hash"]
        producers = ScoreProducer.objects.filter(
            project=job.project, scorer=scorer, details__contains=settings
        )
        if last := producers.order_by("pk").last():
            assumed[scorer] = last.pk
    job.inputs["assumed"] = assumed
    return assumed


def producers_of(
    job: Job, environment: dict[str, Any], computations: Sequence[str]
) -> dict[str, ScoreProducer]:
    """One producer per scorer of these computations; made when the first score arrives.

    A reference whose files changed since it was registered takes its own scores with it, and no others: it
    is noted in `job.inputs["refused"]`, and its scorers have no producer.
    """
    known: dict[str, int] = job.inputs.get("producers", {})
    if {*_scorers(computations)} <= {*known}:
        found = ScoreProducer.objects.in_bulk(list(known.values()))
        return {scorer: found[pk] for scorer, pk in known.items()}
    model = registered_model(job)
    model_check(model=model, environment=environment)
    reference = _reference_checked(job, environment) if "log_ratio" in computations else None
    spec = ScoreSpec.model_validate(job.spec)
    wanted = {
        scorer: _details(scorer, spec, environment)
        for scorer in _scorers(computations)
        if reference or not _takes_two(scorer)
    }
    producers = {
        scorer: producer_get_or_create(
            project=job.project,
            scorer=scorer,
            fingerprint=producer_fingerprint(scorer, details),
            label=_label(model, reference if _takes_two(scorer) else None),
            details=details,
        )
        for scorer, details in wanted.items()
    }
    ids = {scorer: producer.pk for scorer, producer in producers.items()}
    assumed = job.inputs.get("assumed", {})
    if any(assumed.get(scorer, pk) != pk for scorer, pk in ids.items()):
        raise JobError(
            f"The chat template of {model.name} is not the one its earlier scores were made with. "
            "Register the directory again under a new name and score with that."
        )
    job.inputs["producers"] = known | ids
    return producers


def reference_obstacle(job: Job) -> str:
    """Why the second model that was asked for cannot be used any more; empty where it can."""
    return "" if _reference(job) else NO_REFERENCE


def _reference(job: Job) -> ModelVersion | None:
    pk = job.inputs.get("reference")
    found: ModelVersion | None = ModelVersion.objects.filter(pk=pk).first() if pk else None
    return found


def _reference_checked(job: Job, environment: dict[str, Any]) -> ModelVersion | None:
    """The second model, if it is still there and the one that was registered."""
    reference = _reference(job)
    try:
        if reference is None:
            raise JobError(NO_REFERENCE)
        seen = {"model_fingerprint": environment.get("reference_fingerprint", "")}
        model_check(model=reference, environment=seen)
    except JobError as error:
        job.inputs["refused"] = {"log_ratio": str(error)}
        return None
    return reference


def _label(model: ModelVersion, reference: ModelVersion | None) -> str:
    label = f"{model.name} against {reference.name}" if reference else model.name
    return label[:LABEL_LENGTH]


def _details(scorer: str, spec: ScoreSpec, environment: dict[str, Any]) -> dict[str, Any]:
    """Everything that decides a score; scores that differ here are never compared."""
    reference = {"reference_fingerprint": environment.get("reference_fingerprint", "")}
    return {
        "model_fingerprint": environment.get("model_fingerprint", ""),
        "template_hash": environment.get("template_hash", ""),
        "dtype": spec.dtype,
        "max_length": spec.max_length,
        **(reference if _takes_two(scorer) else {}),
        "version": SCORERS[scorer].version,
    }


def _scorers(computations: Sequence[str]) -> list[str]:
    return [scorer.name for computation in computations for scorer in computed_by(computation)]


def _takes_two(scorer: str) -> bool:
    return SCORERS[scorer].needs is Needs.TWO_MODELS
