"""Training a model on the train split of a frozen dataset version.

`inputs`: {"dataset_version": id, "model": id of the base model}.
"""

from __future__ import annotations

from typing import Any

from curation.errors import CurationError
from curation.models import Export
from curation.services.export_write import export_write
from trainer_bridge.contracts import TrainResult, TrainSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json
from trainer_bridge.kinds.base import Counts, JobKind, Prepared
from trainer_bridge.models import Job, TrainingRun
from trainer_bridge.services.model_check import model_check
from trainer_bridge.services.model_register import kept_dir
from trainer_bridge.services.run_create import expected_steps
from trainer_bridge.services.run_ingest import metrics_ingest, run_finish

METRICS = "metrics.jsonl"


class Train(JobKind):
    worker = "train"

    def prepare(self, job: Job) -> Prepared:
        run = _run(job)
        spec = TrainSpec.model_validate(job.spec)
        if _is_trained(job, run):
            return Prepared(spec=spec, total=0)
        export = _export(run)
        # A resumed worker rewrites this file from its checkpoint on.
        job.offsets.pop(METRICS, None)
        return Prepared(
            spec=spec.model_copy(update={"dataset": export.path}),
            total=expected_steps(rows=export.n_rows, args=spec.args),
        )

    def ingest(self, job: Job, out: Tails) -> Counts:
        rows = out.rows(METRICS)
        if not rows:
            return {}
        run = _run(job)
        model_check(model=run.base_model, environment=read_json(job.out_dir / "environment.json") or {})
        return {"metrics": metrics_ingest(run=run, rows=rows)}

    def finish(self, job: Job) -> dict[str, Any]:
        run = _run(job)
        _ingest_whole_file(run, job)
        result = _result(job)
        if result is None:
            raise JobError("Training ended without a result. Press Retry to go on from the last checkpoint.")
        run_finish(run=run, result=result, weights=job.out_dir / "model")
        stored: dict[str, Any] = run.result
        return stored


def _run(job: Job) -> TrainingRun:
    runs = TrainingRun.objects.select_related("dataset_version", "base_model", "project", "created_by")
    run: TrainingRun = runs.get(job=job)
    return run


def _export(run: TrainingRun) -> Export:
    """The train split in TRL's format; written once, the same file ever after."""
    try:
        return export_write(
            version=run.dataset_version, format="trl_jsonl", split="train", user=run.created_by
        )
    except CurationError as error:
        raise JobError(str(error)) from error


def _result(job: Job) -> TrainResult | None:
    found = read_json(job.out_dir / "result.json")
    return TrainResult.model_validate(found) if found else None


def _is_trained(job: Job, run: TrainingRun) -> bool:
    """An earlier attempt was cut off after the worker's end: what is left is to register the model."""
    return _result(job) is not None and ((job.out_dir / "model").is_dir() or kept_dir(run).is_dir())


def _ingest_whole_file(run: TrainingRun, job: Job) -> None:
    """Once more from the start: a file that was rewritten while it was read may have hidden a step."""
    tails = Tails(job.out_dir, {})
    while rows := tails.rows(METRICS):
        metrics_ingest(run=run, rows=rows)
