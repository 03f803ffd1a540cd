"""What a version's page shows of its files."""

from __future__ import annotations

from typing import Any

from curation.models import DatasetVersion, ExportBuild

ASKED = ("format", "split", "tokens_id", "max_length")


def files_context(version: DatasetVersion) -> dict[str, Any]:
    """Files, and what is being written or could not be: the newest request for each, while it is not done."""
    newest = ExportBuild.objects.filter(version=version).order_by(*ASKED, "-id").distinct(*ASKED)
    builds = [build for build in newest.select_related("tokens") if build.state != ExportBuild.State.DONE]
    return {
        "exports": version.exports.select_related("created_by", "tokens"),
        "builds": builds,
        "is_waiting": any(not build.is_finished for build in builds),
    }
