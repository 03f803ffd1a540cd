"""Ask for a training run."""

from __future__ import annotations

import math
from typing import Any

from django.db import IntegrityError, transaction

from curation.models import DatasetVersion, Project, User
from trainer_bridge.contracts import LoraSpec, TrainArgs, TrainSpec
from trainer_bridge.errors import JobError
from trainer_bridge.models import Job, ModelVersion, TrainingRun
from trainer_bridge.services.job_create import checked, job_create

PROBE_ROWS = TrainSpec.model_fields["probe_rows"].default


def run_create(
    *,
    project: Project,
    dataset_version: DatasetVersion,
    base_model: ModelVersion,
    name: str,
    args: TrainArgs,
    lora: LoraSpec | None,
    user: User,
    dtype: str = "float32",
    probe_rows: int = PROBE_ROWS,
) -> TrainingRun:
    """A run of `dataset_version` on `base_model`, with the job that trains it, sent on commit."""
    name = name.strip()
    if {dataset_version.project_id, base_model.project_id} != {project.pk}:
        raise JobError("Dataset version and base model must be of this project. Choose others.")
    _check(project, dataset_version, name)
    spec = run_spec(base_model=base_model, args=args, lora=lora, dtype=dtype, probe_rows=probe_rows)
    try:
        with transaction.atomic():
            job = job_create(
                project=project,
                user=user,
                kind=Job.Kind.TRAIN,
                title=f"Train {name} on {dataset_version} from {base_model}",
                spec=spec,
                inputs={"dataset_version": dataset_version.pk, "model": base_model.pk},
            )
            return TrainingRun.objects.create(
                project=project,
                job=job,
                name=name,
                dataset_version=dataset_version,
                base_model=base_model,
                config=job.spec,
                created_by=user,
            )
    except IntegrityError as error:
        raise JobError(_taken(name)) from error


def run_spec(*, base_model: ModelVersion, **settings: Any) -> TrainSpec:
    """Exactly what the worker will be given, but for the file the dataset version is exported to."""
    spec: TrainSpec = checked(
        TrainSpec, {"base_model": base_model.path, "dataset": "dataset.jsonl", **settings}
    )
    return spec


def config_text(run: TrainingRun) -> str:
    """The configuration of a run as it was shown before it started."""
    return TrainSpec.model_validate(run.config).model_dump_json(indent=2)


def expected_steps(*, rows: int, args: TrainArgs) -> int:
    """How many optimiser steps a run takes, as the Hugging Face trainer counts them."""
    if args.max_steps > 0:
        return args.max_steps
    batches = math.ceil(rows / args.per_device_train_batch_size)
    return math.ceil(args.num_train_epochs * max(1, math.ceil(batches / args.gradient_accumulation_steps)))


def _check(project: Project, dataset_version: DatasetVersion, name: str) -> None:
    if not name:
        raise JobError("A run needs a name; the model it makes will bear it.")
    runs = TrainingRun.objects.filter(project=project, name=name)
    if runs.exists() or ModelVersion.objects.filter(project=project, name=name).exists():
        raise JobError(_taken(name))
    if not dataset_version.rows.filter(split="train").exists():
        raise JobError(
            f"Dataset version {dataset_version} has no rows of the train split. Freeze a version with some."
        )


def _taken(name: str) -> str:
    return f"{name} is the name of another run or model of this project. Choose a different name."
