"""Put weights on the list of models a project can sample from, train and evaluate."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from django.db import transaction
from django.utils.text import slugify

from curation.models import Project, User
from judges.errors import JudgeError
from judges.model_dirs import model_dir, trained_dir
from trainer_bridge.errors import JobError
from trainer_bridge.models import ModelVersion, TrainingRun


def model_register(*, project: Project, name: str, path: str | Path, user: User | None) -> ModelVersion:
    """Register a local directory as a base model; the same name and directory again give the same model."""
    try:
        directory = str(model_dir(str(path), project=project))
    except JudgeError as error:
        raise JobError(str(error)) from error
    model, _ = ModelVersion.objects.get_or_create(
        project=project,
        name=name.strip(),
        defaults={"kind": ModelVersion.Kind.BASE, "path": directory, "created_by": user},
    )
    if model.path != directory:
        raise JobError(f"{model.name} is the name of another model of this project. Choose a different name.")
    return model


@transaction.atomic
def trained_model_register(*, run: TrainingRun, weights: Path, fingerprint: str) -> ModelVersion:
    """Keep the weights a run made and register them under the run's name. Safe to run again."""
    # Registering a base model takes no lock, so the name may be gone by the time a run ends.
    taken = ModelVersion.objects.filter(project=run.project, name=run.name).exclude(training_run=run).exists()
    model, _ = ModelVersion.objects.get_or_create(
        project=run.project,
        path=str(_keep(weights, kept_dir(run))),
        defaults={
            "name": f"{run.name[:100]} (run {run.pk})" if taken else run.name,
            "kind": ModelVersion.Kind.TRAINED,
            "fingerprint": fingerprint,
            "base": run.base_model,
            "created_by": run.created_by,
        },
    )
    return model


def kept_dir(run: TrainingRun) -> Path:
    """Where the weights of a run live once it is done: a name that no other run can have."""
    return trained_dir(run.project, f"{slugify(run.name)[:60] or 'run'}-{run.pk}")


def _keep(weights: Path, kept: Path) -> Path:
    """Move a whole directory into place; never leaves half of one under the final name."""
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    try:
        weights.rename(kept)
    except FileNotFoundError:
        raise JobError(
            "The trained weights are gone from the job's folder. Press Retry to train again from the last "
            "checkpoint."
        ) from None
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        partial = kept.with_name(f".{kept.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(weights, partial)
        partial.rename(kept)
        shutil.rmtree(weights)
    return kept
