"""What a recipe that is still being written would keep, counted on a snapshot of the project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from curation.models import Project
from curation.recipes.funnel import Preview, run_steps
from curation.recipes.kept import Snapshot
from curation.recipes.pool import Pool
from curation.recipes.steps import ConsensusExists, parse_steps
from curation.services.consensus_refresh import consensus_refresh


def recipe_preview(*, project: Project, steps: Sequence[dict[str, Any]], snapshot: str) -> Preview:
    """Run the steps on the snapshot of this name, which is made where there is none; nothing is saved.

    Raises RecipeError for steps that make no recipe.
    """
    typed = parse_steps(steps)
    kept = Snapshot(settings.SNAPSHOTS_ROOT / str(project.pk) / snapshot)
    methods = [step.method for step in typed if isinstance(step, ConsensusExists)]
    for method in dict.fromkeys(methods):
        if not kept.has(Pool.consensus_name(method)):
            consensus_refresh(project=project, method=method)
    pool = Pool(project, methods[0], kept)
    funnel = run_steps(pool, typed)
    return Preview(
        report=funnel.report,
        before=len(funnel.report) - len(typed),
        pairs_in=len(pool),
        pairs_kept=len(funnel.kept),
        read_at=kept.began_at,
    )
