"""What workers do for curation. Each task loads nothing itself: it calls the service of its name."""

from __future__ import annotations

from config.tasks import task
from curation.services import bias_build as bias_service
from curation.services import cleaning_build as cleaning
from curation.services import comparison_build as comparisons
from curation.services import export_build as exports
from curation.services import freeze_build as freezes
from curation.services import hub_push as hub_service
from curation.services import prompt_import
from curation.services import run_build as runs
from curation.services import score_build as scores


@task(queue="cpu")
def import_run(import_id: int) -> None:
    prompt_import.import_run(import_id=import_id)


@task(queue="upkeep")
def imports_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    prompt_import.imports_recover()


@task(queue="cpu")
def bias_build(report_id: int) -> None:
    bias_service.bias_build(report_id=report_id)


@task(queue="upkeep")
def bias_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    bias_service.bias_recover()


@task(queue="cpu")
def cleaning_build(report_id: int) -> None:
    cleaning.cleaning_build(report_id=report_id)


@task(queue="upkeep")
def cleaning_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    cleaning.cleaning_recover()


@task(queue="cpu")
def score_build(build_id: int) -> None:
    scores.score_build(build_id=build_id)


@task(queue="upkeep")
def score_builds_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    scores.score_builds_recover()


@task(queue="cpu")
def run_build(run_id: int) -> None:
    runs.run_build(run_id=run_id)


@task(queue="upkeep")
def runs_recover() -> None:
    """Every 30 s, from the beat schedule."""
    runs.runs_recover()


@task(queue="cpu")
def freeze_build(freeze_id: int) -> None:
    freezes.freeze_build(freeze_id=freeze_id)


@task(queue="upkeep")
def freezes_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    freezes.freezes_recover()


@task(queue="cpu")
def export_build(build_id: int) -> None:
    exports.export_build(build_id=build_id)


@task(queue="upkeep")
def export_builds_recover() -> None:
    """Every 30 s, from the beat schedule."""
    exports.export_builds_recover()


@task(queue="cpu")
def comparison_build(comparison_id: int) -> None:
    comparisons.comparison_build(comparison_id=comparison_id)


@task(queue="upkeep")
def comparisons_recover() -> None:
    """Every 30 s, from the beat schedule."""
    comparisons.comparisons_recover()


@task(queue="cpu")
def hub_push(push_id: int) -> None:
    hub_service.hub_push(push_id=push_id)


@task(queue="upkeep")
def hub_push_recover() -> None:
    """Every `RECOVER_EVERY`, from the beat schedule."""
    hub_service.hub_push_recover()
