"""Asking for work: each service checks the request, writes one Job row and tells the broker on commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from curation.models import Project, Prompt, User
from curation.scorers import scorer_name
from judges.models import Judge
from trainer_bridge.contracts import (
    BUILT_IN_EMBEDDER,
    Dtype,
    EmbedSpec,
    GenerateSpec,
    JudgeSpec,
    Sampling,
    ScoreSpec,
    Strict,
    TextScoreSpec,
    TokenScoreSpec,
)
from trainer_bridge.embedders import embedder_path
from trainer_bridge.errors import JobError
from trainer_bridge.kinds import kind_named
from trainer_bridge.kinds.pairs import pairs_of, pairs_to_judge
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.job_send import job_send

# How many pairs the scores that need gradients are for: a share of them is known to 7 points in 100.
SAMPLE_PAIRS = 200
SAME_MODEL = (
    "The second model has the very weights of the first, so that every ratio would be 0. Choose another one, "
    "such as the model that training started from."
)
EmbeddedTexts = Literal["all", "prompts"]


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
    computations: Sequence[str] = ("ches",),
    reference: ModelVersion | None = None,
    sample_pairs: int = SAMPLE_PAIRS,
) -> Job:
    """Score the pairs of `split` under `model`, by CHES unless `computations` says otherwise.

    Scores of two models compare it with `reference`; gradients are computed for `sample_pairs` of the pairs.
    """
    pairs = _pairs_to_score(project, split)
    second = reference if "log_ratio" in computations else None
    if second and are_same(model, second):
        raise JobError(SAME_MODEL)
    fields = {
        "model": model.path,
        "dtype": dtype,
        "max_length": max_length,
        "pairs": "pairs.jsonl",
        "scorers": list(computations),
        "reference": second.path if second else "",
        "sample": "sample.jsonl" if "lora_entanglement" in computations else "",
    }
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.SCORE,
        title=f"Score {pairs} pairs with {model.name}" + (f" against {second.name}" if second else ""),
        spec=checked(ScoreSpec, fields),
        inputs={
            "split": split,
            "model": model.pk,
            "reference": second.pk if second else None,
            "sample_pairs": sample_pairs,
        },
    )


def are_same(model: ModelVersion, other: ModelVersion) -> bool:
    """Whether two registered models are one, as far as it is known before a worker has read them."""
    return model.pk == other.pk or model.path == other.path or model.fingerprint == other.fingerprint != ""


def text_scoring_create(*, project: Project, user: User, scorers: Sequence[str], split: str = "") -> Job:
    """Score the pairs of `split` by scorers that read nothing but the texts."""
    pairs = _pairs_to_score(project, split)
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.SCORE_TEXTS,
        title=f"Score {pairs} pairs by their texts",
        spec=checked(TextScoreSpec, {"pairs": "pairs.jsonl", "scorers": list(scorers)}),
        inputs={"split": split},
    )


def token_counting_create(*, project: Project, user: User, model: ModelVersion, split: str = "") -> Job:
    """Count the tokens of the pairs of `split` under the tokenizer of `model`."""
    pairs = _pairs_to_score(project, split)
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.SCORE_TOKENS,
        title=f"Count the tokens of {pairs} pairs with {model.name}",
        spec=checked(TokenScoreSpec, {"model": model.path, "pairs": "pairs.jsonl"}),
        inputs={"split": split, "model": model.pk},
    )


def embedding_create(
    *,
    project: Project,
    user: User,
    embedder: str = BUILT_IN_EMBEDDER,
    texts: EmbeddedTexts = "all",
    split: str = "",
    scorers: Sequence[str] = (),
) -> Job:
    """Embed the prompts and, with `texts` all, the responses of `split` that lack it by this model; then
    score the pairs by `scorers`, which compare embeddings."""
    if scorers:
        _pairs_to_score(project, split)
    elif not Prompt.objects.filter(project=project, **({"split": split} if split else {})).exists():
        raise JobError("There are no prompts to embed. Import some first.")
    noun = "prompts and responses" if texts == "all" else "prompts"
    named = f" and score pairs by {', '.join(map(scorer_name, scorers))}" if scorers else ""
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.EMBED,
        title=f"Embed {split} {noun} with {embedder}{named}".replace("  ", " "),
        spec=checked(EmbedSpec, {"model": embedder_path(embedder, project), "texts": "texts.jsonl"}),
        inputs={"split": split, "texts": texts, "name": embedder, "scorers": list(scorers)},
    )


@transaction.atomic
def scorings_create(
    *,
    project: Project,
    user: User,
    texts: Sequence[str] = (),
    tokens: Sequence[str] = (),
    embeddings: Sequence[str] = (),
    embedder: str = BUILT_IN_EMBEDDER,
    computations: Sequence[str] = (),
    model: ModelVersion | None = None,
    split: str = "",
    **options: Any,
) -> list[Job]:
    """One job for what stands in the texts, one for what needs the tokenizer, one for what compares
    embeddings, one for what needs the model; all or none of them."""
    jobs = []
    if (tokens or computations) and model is None:
        raise JobError("Choose the model whose scores you want, or only scorers that read the texts alone.")
    if texts:
        jobs.append(text_scoring_create(project=project, user=user, scorers=texts, split=split))
    if tokens and model is not None:
        jobs.append(token_counting_create(project=project, user=user, model=model, split=split))
    if embeddings:
        jobs.append(
            embedding_create(project=project, user=user, embedder=embedder, split=split, scorers=embeddings)
        )
    if computations and model is not None:
        asked = {"model": model, "split": split, "computations": computations, **options}
        jobs.append(scoring_create(project=project, user=user, **asked))
    return jobs


def _pairs_to_score(project: Project, split: str) -> int:
    pairs = pairs_of(project.pk, split).count()
    if not pairs:
        raise JobError("There are no pairs to score. Sample responses, build pairs, then score them.")
    return pairs


def checked(contract: type[Strict], fields: dict[str, Any]) -> Any:
    """The validated spec. Raises JobError with the contract's own words for what is wrong."""
    try:
        return contract.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise JobError(f"{where}: {message}" if where else message) from error
