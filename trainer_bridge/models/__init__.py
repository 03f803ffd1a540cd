"""Steps 7 and 8, and the road back to 2: jobs, models, training runs, evaluations, rounds."""

from trainer_bridge.models.jobs import Job, Worker
from trainer_bridge.models.models import ModelVersion, Round
from trainer_bridge.models.runs import Evaluation, EvaluationItem, TrainingMetric, TrainingRun

__all__ = [
    "Evaluation",
    "EvaluationItem",
    "Job",
    "ModelVersion",
    "Round",
    "TrainingMetric",
    "TrainingRun",
    "Worker",
]
