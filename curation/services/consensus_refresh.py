"""Rebuild a consensus only where something it was built from has changed."""

from __future__ import annotations

from django.db import transaction

from curation.models import ConsensusBuild, Project
from curation.services.consensus_build import consensus_basis, consensus_build


@transaction.atomic
def consensus_refresh(*, project: Project, method: str) -> None:
    """`consensus_build`, where it would come to something new."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    basis = consensus_basis(project, method)
    if not ConsensusBuild.objects.filter(project=project, method=method, basis=basis).exists():
        consensus_build(project=project, method=method)
