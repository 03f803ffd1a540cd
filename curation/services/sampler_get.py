"""Name what draws responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curation.algorithms.fingerprints import canonical_json, sha256_hex
from curation.models import Project, Sampler


def sampler_get_or_create(
    *,
    project: Project,
    model_name: str,
    backend: str,
    params: Mapping[str, Any],
    revision: str = "",
    template_hash: str = "",
) -> Sampler:
    """The project's sampler with exactly these settings; the same settings give the same sampler."""
    settings = [model_name, revision, backend, dict(params), template_hash]
    sampler, _ = Sampler.objects.get_or_create(
        project=project,
        fingerprint=sha256_hex(canonical_json(settings)),
        defaults={
            "model_name": model_name,
            "revision": revision,
            "backend": backend,
            "params": dict(params),
            "template_hash": template_hash,
        },
    )
    return sampler
