"""A worker as a child process on this machine: its memory, the accelerator's too, returns when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from config.settings.env import BASE_DIR
from trainer_bridge.backends.base import Child, LaunchBackend

GRACE_SECONDS = 20.0
# A worker gets files, not the site's credentials: its spec may name an endpoint of the user's choosing.
WITHHELD = (
    "DATABASE_URL", "BROKER_URL", "SECRET_KEY", "EMAIL_URL", "HF_TOKEN", "DJANGO_SETTINGS_MODULE",
)  # fmt: skip
ADDED = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}


class LocalChild(Child):
    def __init__(self, process: subprocess.Popen[bytes], grace_seconds: float = GRACE_SECONDS) -> None:
        self.process = process
        self.grace_seconds = grace_seconds

    def poll(self) -> int | None:
        return self.process.poll()

    def terminate(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(self.grace_seconds)
            except subprocess.TimeoutExpired:
                self._kill_session()
        return self.process.wait()

    def _kill_session(self) -> None:
        """The worker leads its own session, so its data loaders and engines go with it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


class LocalProcess(LaunchBackend):
    grace_seconds = GRACE_SECONDS

    def launch(self, command: Sequence[str], out_dir: Path) -> LocalChild:
        environment = {key: value for key, value in os.environ.items() if key not in WITHHELD} | ADDED
        with (out_dir / "stdout.log").open("wb") as stdout, (out_dir / "stderr.log").open("wb") as stderr:
            process = subprocess.Popen(
                list(command),
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        return LocalChild(process, self.grace_seconds)
