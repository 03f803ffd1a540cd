"""Ask for an estimator trained on the project's judgments."""

from __future__ import annotations

from typing import Any

from curation.consensus_methods import consensus_method
from curation.models import Project, User
from judges.services.rubric_default import default_wording
from trainer_bridge.contracts import EstimateSpec
from trainer_bridge.errors import JobError
from trainer_bridge.kinds.pairs import pairs_of
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.job_create import checked, job_create


def estimate_create(
    *,
    project: Project,
    user: User,
    model: ModelVersion,
    method: str = "mean_probability",
    split: str = "",
    **options: Any,
) -> Job:
    """Train on what the consensus `method` says of the train split, and estimate the pairs of `split`.

    `options` are further fields of `EstimateSpec`: passes, folds, max_length, dtype, …
    """
    pairs = pairs_of(project.pk, split).count()
    if not pairs:
        raise JobError("There are no pairs to estimate. Sample responses, build pairs, then judge them.")
    wording = {name: default_wording()[name] for name in ("template", "system", "prefill")}
    fields = {"model": model.path, "pairs": "pairs.jsonl", **wording, **options}
    return job_create(
        project=project,
        user=user,
        kind=Job.Kind.ESTIMATE,
        title=f"Estimate {pairs} pairs with {model.name}",
        spec=checked(EstimateSpec, fields),
        inputs={"split": split, "model": model.pk, "method": consensus_method(method).name},
    )
