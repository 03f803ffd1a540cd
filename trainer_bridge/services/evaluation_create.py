"""Ask for an evaluation: a model against a baseline, judged on a split."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from curation.models import Project, Prompt, User
from judges.models import Judge
from trainer_bridge.contracts import EvaluateSpec, Sampling
from trainer_bridge.errors import JobError
from trainer_bridge.models import Evaluation, Job, ModelVersion
from trainer_bridge.services.job_create import checked, job_create, judge_spec

MAX_PROMPTS = 200


def evaluation_create(
    *,
    project: Project,
    model: ModelVersion,
    baseline: ModelVersion,
    judge: Judge,
    user: User,
    split: str = "eval",
    max_prompts: int = MAX_PROMPTS,
    sampling: Sampling | None = None,
    **options: Any,
) -> Evaluation:
    """Both models answer the same prompts of `split`, at most `max_prompts`; the judge compares them.

    The prompts are fixed here, so that a retry measures the same. `options` are further fields of
    `EvaluateSpec`: dtype, batch_size, max_length, bootstrap_samples, confidence, seed.
    """
    _check(project, model, baseline, judge)
    prompts = prompt_ids(project, split, max_prompts)
    if not prompts:
        raise JobError(f"There are no prompts in the {split} split. Import some with this split first.")
    fields = {
        "model": model.path,
        "baseline": baseline.path,
        "prompts": "prompts.jsonl",
        "sampling": sampling or Sampling(n=1),
        "judge": judge_spec(judge),
    }
    with transaction.atomic():
        job = job_create(
            project=project,
            user=user,
            kind=Job.Kind.EVALUATE,
            title=f"Evaluate {model} against {baseline} on {len(prompts)} {split} prompts",
            spec=checked(EvaluateSpec, fields | options),
            inputs={"split": split, "judge": judge.pk, "model": model.pk, "prompts": prompts},
        )
        return Evaluation.objects.create(
            project=project,
            job=job,
            model=model,
            baseline=baseline,
            judge=judge,
            split=split,
            created_by=user,
        )


def _check(project: Project, model: ModelVersion, baseline: ModelVersion, judge: Judge) -> None:
    if model.pk == baseline.pk:
        raise JobError("A model cannot be measured against itself. Choose another baseline.")
    if {model.project_id, baseline.project_id, judge.project_id} != {project.pk}:
        raise JobError("Model, baseline and judge must be of this project. Choose others.")


def prompt_ids(project: Project, split: str, limit: int) -> list[int]:
    """At most `limit` prompts of a split, without excluded ones. In the order of their fingerprints, which is
    as good as drawn."""
    prompts = Prompt.objects.filter(project=project, split=split).included().order_by("fingerprint")
    return list(prompts.values_list("pk", flat=True)[:limit])
