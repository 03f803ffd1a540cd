"""Whether a registered model is still what it was when it was first used."""

from __future__ import annotations

from typing import Any

from trainer_bridge.errors import JobError
from trainer_bridge.models import ModelVersion


def model_check(*, model: ModelVersion, environment: dict[str, Any]) -> None:
    """Note the fingerprint a worker computed; raise JobError when it is not the registered one."""
    seen = str(environment.get("model_fingerprint", ""))
    if not seen:
        return
    if not model.fingerprint:
        ModelVersion.objects.filter(pk=model.pk, fingerprint="").update(fingerprint=seen)
        model.refresh_from_db(fields=["fingerprint"])
    if model.fingerprint != seen:
        raise JobError(
            f"The files of {model.name} changed since it was registered, so its results would be mixed up "
            "with those of another model. Register the directory again under a new name."
        )
