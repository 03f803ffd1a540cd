"""What workers do for annotators. Each task loads nothing itself: it calls the service of its name."""

from __future__ import annotations

from annotators.services import quality_build as service
from config.tasks import task


@task(queue="cpu")
def quality_build(report_id: int) -> None:
    service.quality_build(report_id=report_id)


@task(queue="upkeep")
def quality_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    service.quality_recover()
