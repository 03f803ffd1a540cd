"""Jobs that a worker takes up."""

from __future__ import annotations

from curation.models import DatasetVersion, Project, User
from curation.services.dataset_freeze import dataset_freeze
from curation.services.recipe_save import recipe_save
from trainer_bridge.contracts import LoraSpec, Sampling, TrainArgs
from trainer_bridge.models import ModelVersion, TrainingRun
from trainer_bridge.services.job_create import generation_create, scoring_create
from trainer_bridge.services.run_create import run_create


def sampling(*, project: int, model: int, n: int = 4, max_tokens: int = 64, batch_size: int = 16) -> int:
    """A sampling job over every prompt."""
    job = generation_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        model=ModelVersion.objects.get(pk=model),
        sampling=Sampling(n=n, max_tokens=max_tokens),
        split="",
        batch_size=batch_size,
    )
    return int(job.pk)


def asking(*, project: int, base_url: str, model_name: str, n: int) -> int:
    """A sampling job over every prompt that asks an endpoint, one request at a time."""
    job = generation_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        base_url=base_url,
        model_name=model_name,
        sampling=Sampling(n=n, max_tokens=16),
        split="",
        concurrency=1,
    )
    return int(job.pk)


def scoring(*, project: int, model: int) -> int:
    job = scoring_create(
        project=Project.objects.get(pk=project),
        user=User.objects.get(username="alice"),
        model=ModelVersion.objects.get(pk=model),
    )
    return int(job.pk)


def training(*, project: int, model: int, steps: int = 40, save_steps: int = 5) -> int:
    """Freeze every judged pair and train on them; the id of the run's job."""
    recipe = recipe_save(
        project=Project.objects.get(pk=project), name="All", steps=[{"step": "consensus_exists"}], user=None
    )
    user = User.objects.get(username="alice")
    version = dataset_freeze(recipe=recipe, user=user)
    return int(seeded_run(version, model, user, steps=steps, save_steps=save_steps).job_id)


def seeded_run(
    version: DatasetVersion, model: int, user: User, *, steps: int, save_steps: int
) -> TrainingRun:
    return run_create(
        project=version.project,
        dataset_version=version,
        base_model=ModelVersion.objects.get(pk=model),
        name="Seeded run",
        args=TrainArgs(max_steps=steps, save_steps=save_steps, per_device_train_batch_size=2, max_length=512),
        lora=LoraSpec(r=4, alpha=8),
        user=user,
    )
