"""Sampling responses for the prompts of a split.

`inputs`: {"split": …, "model": ModelVersion id or null, "model_name": …, "sampler": id once known}.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from curation.models import Prompt, Response, Sampler
from curation.services.response_ingest import responses_ingest
from curation.services.sampler_get import sampler_get_or_create
from trainer_bridge.contracts import GenerateSpec, PromptRow
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_rows
from trainer_bridge.kinds.base import Counts, JobKind, Prepared, backend_python
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.model_check import model_check
from trainer_bridge.services.round_open import round_open


class Generate(JobKind):
    worker = "generate"

    def python(self, job: Job) -> str:
        return backend_python(job.spec)

    def prepare(self, job: Job) -> Prepared:
        spec = GenerateSpec.model_validate(job.spec)
        sampler = _known_sampler(job, spec)
        rows = _prompt_rows(job, spec.sampling.n, sampler)
        left = 0

        def counted() -> Iterator[PromptRow]:
            nonlocal left
            for row in rows:
                left += spec.sampling.n - len(row.have)
                yield row

        write_rows(job.out_dir / spec.prompts, counted())
        return Prepared(spec=spec, total=left)

    def ingest(self, job: Job, out: Tails) -> Counts:
        environment = read_json(job.out_dir / "environment.json")
        if environment is None:  # without it nobody knows whose responses these are
            return {}
        rows = out.rows("responses.jsonl")
        if not rows:
            return {}
        counts = responses_ingest(sampler=_sampler(job, environment), rows=rows)
        return {"created": counts.created, "existing": counts.existing, "unknown": counts.unknown}

    def finish(self, job: Job) -> dict[str, Any]:
        if "sampler" not in job.inputs:
            return {}
        return {
            "sampler": job.inputs["sampler"],
            "responses": Response.objects.filter(
                sampler=job.inputs["sampler"], prompt__in=_prompts(job)
            ).count(),
        }


def sampler_params(spec: GenerateSpec) -> dict[str, Any]:
    """What decides a draw. `n` does not: asking for more adds draws to those that exist."""
    params = spec.sampling.model_dump(exclude={"n"}) | {"max_length": spec.max_length}
    return params if spec.backend == "openai" else params | {"dtype": spec.dtype}


def _prompts(job: Job) -> QuerySet[Prompt]:
    prompts = Prompt.objects.filter(project=job.project).included()
    return prompts.filter(split=job.inputs["split"]) if job.inputs["split"] else prompts


def _prompt_rows(job: Job, n: int, sampler: Sampler | None) -> Iterator[PromptRow]:
    """The prompts that lack draws below `n`, each with the indices it has."""
    drawn = Q(responses__sampler=sampler.pk if sampler else None, responses__sample_index__lt=n)
    prompts = _prompts(job).annotate(have=ArrayAgg("responses__sample_index", filter=drawn, default=[]))
    for prompt in prompts.order_by("pk").iterator(chunk_size=1000):
        if len(prompt.have) < n:
            yield PromptRow.model_validate(
                {"prompt_id": str(prompt.pk), "messages": prompt.messages, "have": sorted(prompt.have)}
            )


def _known_sampler(job: Job, spec: GenerateSpec) -> Sampler | None:
    """The sampler whose responses need not be drawn again, as far as it can be told before the start."""
    samplers = Sampler.objects.filter(project=job.project)
    if "sampler" in job.inputs:
        return samplers.get(pk=job.inputs["sampler"])
    if spec.backend == "openai":
        return _sampler(job, {})
    model = ModelVersion.objects.get(pk=job.inputs["model"])
    if not model.fingerprint:
        return None
    same = samplers.filter(model_name=model.name, backend=spec.backend, revision=model.fingerprint)
    sampler = same.filter(params=sampler_params(spec)).last()
    if sampler is not None:
        job.inputs["assumed"] = sampler.pk
    return sampler


def _sampler(job: Job, environment: dict[str, Any]) -> Sampler:
    """The sampler of this job's responses; made, and its round opened, when the first one arrives."""
    if "sampler" in job.inputs:
        return Sampler.objects.get(pk=job.inputs["sampler"])
    spec = GenerateSpec.model_validate(job.spec)
    model = ModelVersion.objects.filter(pk=job.inputs["model"]).first()
    if model is not None:
        model_check(model=model, environment=environment)
    sampler = sampler_get_or_create(
        project=job.project,
        model_name=job.inputs["model_name"],
        backend=spec.backend,
        params=sampler_params(spec),
        revision=model.fingerprint if model else "",
        template_hash=environment.get("template_hash", "") if model else "",
    )
    if job.inputs.get("assumed", sampler.pk) != sampler.pk:
        raise JobError(
            f"The chat template of {job.inputs['model_name']} is not the one its earlier responses were "
            "drawn with. Register the directory again under a new name and sample from that."
        )
    job.inputs["sampler"] = sampler.pk
    if model is not None:
        round_open(project=job.project, model=model, sampler=sampler)
    return sampler
