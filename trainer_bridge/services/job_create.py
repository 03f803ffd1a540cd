"""Asking for work: each service checks the request, writes one Job row and tells the broker on commit."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from curation.models import Project, Prompt, User
from judges.models import Judge
from trainer_bridge.contracts import Dtype, GenerateSpec, JudgeSpec, Sampling, ScoreSpec, Strict
from trainer_bridge.errors import JobError
from trainer_bridge.kinds import kind_named
from trainer_bridge.kinds.pairs import pairs_of, pairs_to_judge
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.job_send import job_send


def job_create(
    *, project: Project, user: User, kind: Job.Kind, title: str, spec: Strict, inputs: dict[str, Any]
) -> Job:
    """The one place that makes Job rows. `spec` names its input files relative to the job's folder."""
    plain = spec.model_dump(mode="json")
    with transaction.atomic():
        job = Job.objects.create(
            project=project,
            created_by=user,
            kind=kind,
            title=title[:200],
            spec=plain,
            inputs=inputs,
            queue=kind_named(kind).queue(plain),
            attempts_allowed=settings.JOB_MAX_ATTEMPTS,
        )
        # robust: with the broker down the job waits as queued, and recovery sends it.
        transaction.on_commit(lambda: job_send(job_id=job.pk), robust=True)
    return job


def generation_create(
    *,
    project: Project,
    user: User,
    model: ModelVersion | None = None,
    base_url: str = "",
    model_name: str = "",
    sampling: Sampling | None = None,
    split: str = "train",
    **options: Any,
) -> Job:
    """Sample for every prompt of `split` (all when empty) from registered weights or from an endpoint.

    Prompts under a standing exclusion are left out, and counted in the job's title.

    `options` are further fields of `GenerateSpec`: dtype, batch_size, max_length, backend="vllm", …
    """
    sampling = sampling or Sampling()
    name = model.name if model else model_name
    source = {"model": model.path} if model else {"model": model_name, "base_url": base_url}
    backend = {"backend": "transformers" if model else "openai"}
    fields = {"prompts": "prompts.jsonl", "sampling": sampling, **backend, **source, **options}
    spec = checked(GenerateSpec, fields)
    asked = Prompt.objects.filter(project=project, **({"split": split} if split else {}))
    prompts, excluded = asked.included().count(), asked.excluded().count()
    if not prompts:
        why = "All of them are excluded." if excluded else "Import some first."
        raise JobError(f"There are no {split} prompts to sample for. {why}".replace("  ", " "))
    skipped = f", {excluded} excluded ones left out" if excluded else ""
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.GENERATE,
        title=f"Sample {sampling.n} × {name} for {prompts} {split} prompts{skipped}".replace("  ", " "),
        spec=spec,
        inputs={"split": split, "model": model.pk if model else None, "model_name": name},
    )


def judging_create(*, judge: Judge, user: User, split: str = "", **options: Any) -> Job:
    """Have the judge give a verdict, in both orders, on each pair of `split` that lacks one."""
    pairs = pairs_to_judge(judge, split).count()
    if not pairs:
        raise JobError(
            f"{judge} has judged every pair there is in both orders. "
            "Build more pairs, or choose another split."
        )
    return job_create(
        project=judge.project,
        user=user,
        kind=Job.Kind.JUDGE,
        title=f"Judge {pairs} pairs with {judge}",
        spec=judge_spec(judge, **options),
        inputs={"split": split, "judge": judge.pk},
    )


def judge_spec(judge: Judge, **options: Any) -> JudgeSpec:
    """The judge as a worker needs it; the pairs it is to judge lie beside the spec."""
    rubric = judge.rubric
    fields = {
        "backend": judge.backend,
        "model": judge.model_name,
        "base_url": judge.base_url,
        "pairs": "pairs.jsonl",
        "template": rubric.template,
        "system": rubric.system,
        "prefill": rubric.prefill,
        "verdicts": rubric.verdicts,
    }
    spec: JudgeSpec = checked(JudgeSpec, fields | judge.params | options)
    return spec


def scoring_create(
    *,
    project: Project,
    user: User,
    model: ModelVersion,
    split: str = "",
    dtype: Dtype = "float32",
    max_length: int = 512,
) -> Job:
    """Score the pairs of `split` by CHES under the hidden states of `model`."""
    pairs = pairs_of(project.pk, split).count()
    if not pairs:
        raise JobError("There are no pairs to score. Sample responses, build pairs, then score them.")
    fields = {"model": model.path, "dtype": dtype, "max_length": max_length, "pairs": "pairs.jsonl"}
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.SCORE,
        title=f"Score {pairs} pairs with {model.name}",
        spec=checked(ScoreSpec, fields),
        inputs={"split": split, "model": model.pk},
    )


def checked(contract: type[Strict], fields: dict[str, Any]) -> Any:
    """The validated spec. Raises JobError with the contract's own words for what is wrong."""
    try:
        return contract.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise JobError(f"{where}: {message}" if where else message) from error
