"""What one kind of job adds to the common machinery.

To add a kind: a member of `Job.Kind`, a worker script, a spec in `contracts`, a class here, a line in
the registry (`kinds/__init__.py`).
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings

from trainer_bridge.contracts import Strict
from trainer_bridge.files import Tails
from trainer_bridge.models import Job

Counts = dict[str, int]


@dataclass(frozen=True)
class Prepared:
    """What a worker will be given.

    `total` counts the units of work that are left; with 0 no worker starts and the job is done.
    """

    spec: Strict
    total: int


class JobKind(ABC):
    """One kind of job. Instances hold no state: every method may run again, in another process."""

    worker: ClassVar[str]

    @abstractmethod
    def prepare(self, job: Job) -> Prepared:
        """Write the input files into `job.out_dir` (it exists; use `files.write_rows`) and return the spec,
        which names them relative to that folder.

        Runs at each attempt; leave out what the database already has. Raise JobError in words for the
        user when the job cannot run. `job.inputs` may be changed here: it is saved afterwards.
        """

    @abstractmethod
    def ingest(self, job: Job, out: Tails) -> Counts:
        """Store the next rows of the output files; what was stored, by name, to be added to `job.counts`.

        Called about once a second while the worker runs and until nothing new is left after it ended,
        each time inside one transaction together with the offsets. Must be idempotent.
        `job.inputs` may be changed here too.
        """

    @abstractmethod
    def finish(self, job: Job) -> dict[str, Any]:
        """After exit 0 and the last ingest: what becomes `job.result`. Must be idempotent."""

    def python(self, job: Job) -> str:  # noqa: ARG002 -- kinds choose by the job's spec
        """The interpreter of the worker."""
        return str(settings.ML_PYTHON)

    def queue(self, spec: dict[str, Any]) -> str:
        """Work that only waits for an endpoint does not take the accelerator's place."""
        return "cpu" if spec.get("backend") == "openai" else "gpu"


def backend_python(spec: dict[str, Any]) -> str:
    """The interpreter for a spec with a `backend`: only local weights need the torch environment."""
    backend = spec.get("backend")
    if backend == "openai":
        return sys.executable
    return str(settings.VLLM_PYTHON if backend == "vllm" else settings.ML_PYTHON)
