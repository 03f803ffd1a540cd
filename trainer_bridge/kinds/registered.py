"""The registered model that a job names."""

from __future__ import annotations

from trainer_bridge.errors import JobError
from trainer_bridge.models import Job, ModelVersion


def registered_model(job: Job) -> ModelVersion:
    """Raises JobError where it is registered no longer."""
    model: ModelVersion | None = ModelVersion.objects.filter(pk=job.inputs["model"]).first()
    if model is None:
        raise JobError(
            "The model of this job is no longer registered. Register its directory again and start anew."
        )
    return model
