"""Take in what a training run logs, and what it came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from trainer_bridge.contracts import MetricRow, TrainResult
from trainer_bridge.displacement import is_displaced
from trainer_bridge.models import TrainingMetric, TrainingRun
from trainer_bridge.services.model_check import model_check
from trainer_bridge.services.model_register import trained_model_register


def metrics_ingest(*, run: TrainingRun, rows: Iterable[Mapping[str, Any]]) -> int:
    """Store logged steps by their number; how many were new. A step trained again replaces its values."""
    metrics = {row.step: row for row in map(MetricRow.model_validate, rows)}
    known = set(run.metrics.filter(step__in=metrics).values_list("step", flat=True))
    TrainingMetric.objects.bulk_create(
        [
            TrainingMetric(run=run, step=row.step, epoch=row.epoch, values=row.values)
            for row in metrics.values()
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["run", "step"],
        update_fields=["epoch", "values"],
    )
    return len(metrics.keys() - known)


@transaction.atomic
def run_finish(*, run: TrainingRun, result: TrainResult, weights: Path) -> None:
    """Note the result, register the model, and say whether likelihood was displaced. Safe to run again."""
    # Two attempts that end at once must not register two models.
    TrainingRun.objects.select_for_update().get(pk=run.pk)
    model_check(model=run.base_model, environment={"model_fingerprint": result.base_fingerprint})
    model = trained_model_register(run=run, weights=weights, fingerprint=result.model_fingerprint)
    displaced = is_displaced(
        chosen_change=result.logps_chosen_change, rejected_change=result.logps_rejected_change
    )
    # The job's folder is the worker's business; the kept weights are where the model says they are.
    stored = result.model_dump(mode="json") | {"model_path": model.path}
    TrainingRun.objects.filter(pk=run.pk).update(model=model, result=stored, displaced=displaced)
    run.refresh_from_db(fields=["model", "result", "displaced"])
