"""How a worker is started: the class is named by `settings.LAUNCH_BACKEND`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string


class Child(ABC):
    """A worker under way."""

    @abstractmethod
    def poll(self) -> int | None:
        """The exit status; None while it runs. Negative: the number of the signal that killed it."""

    @abstractmethod
    def terminate(self) -> int:
        """Ask it to flush and stop, insist after a while; the exit status. Harmless once it has ended."""


class LaunchBackend(ABC):
    """Starts workers. Their stdout and stderr go to `stdout.log` and `stderr.log` under `out_dir`."""

    @abstractmethod
    def launch(self, command: Sequence[str], out_dir: Path) -> Child:
        """Start the command. Raises OSError when it cannot be started at all."""


def launch_backend() -> LaunchBackend:
    backend: LaunchBackend = import_string(settings.LAUNCH_BACKEND)()
    return backend
