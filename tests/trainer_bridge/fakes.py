"""Job rows, and a launch backend that starts fake workers as real child processes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import factory
from factory.django import DjangoModelFactory

from tests.factories import Factory, ProjectMaker
from trainer_bridge.backends.local_process import LocalChild, LocalProcess
from trainer_bridge.models import Job, ModelVersion, Worker

FAKE_WORKERS = Path(__file__).parent / "fake_workers"


class FakeProcess(LocalProcess):
    """Runs `fake_workers/<script>.py` instead of the worker module, with the same arguments."""

    script: ClassVar[str] = "ok"
    launched: ClassVar[list[LocalChild]] = []
    grace_seconds = 0.5

    def launch(self, command: Sequence[str], out_dir: Path) -> LocalChild:
        fake = [sys.executable, str(FAKE_WORKERS / f"{self.script}.py"), *command[3:]]
        child = super().launch(fake, out_dir)
        self.launched.append(child)
        return child


def generate_spec(n: int = 2, **changes: Any) -> dict[str, Any]:
    return {
        "backend": "openai",
        "model": "fake",
        "base_url": "http://127.0.0.1:9/v1",
        "prompts": "prompts.jsonl",
        "sampling": {"n": n, "temperature": 0.8, "top_p": 0.95, "max_tokens": 32, "seed": None},
        **changes,
    }


class JobMaker(DjangoModelFactory[Job]):
    class Meta:
        model = Job

    project = factory.SubFactory(ProjectMaker)
    kind = Job.Kind.GENERATE
    title = "Sample 2 × fake"
    queue = "cpu"
    spec = factory.LazyFunction(generate_spec)
    inputs = factory.LazyFunction(lambda: {"split": "train", "model": None, "model_name": "fake"})


class ModelVersionMaker(DjangoModelFactory[ModelVersion]):
    class Meta:
        model = ModelVersion

    project = factory.SubFactory(ProjectMaker)
    name = factory.Sequence(lambda n: f"model-{n}")
    kind = ModelVersion.Kind.BASE
    path = "/models/tiny"


class WorkerMaker(DjangoModelFactory[Worker]):
    class Meta:
        model = Worker

    name = factory.Sequence(lambda n: f"gpu@host{n}")
    queues = factory.LazyFunction(lambda: ["gpu"])
    host = "host"
    pid = 1


JobFactory = Factory[Job](JobMaker)
ModelVersionFactory = Factory[ModelVersion](ModelVersionMaker)
WorkerFactory = Factory[Worker](WorkerMaker)
