"""Everything Tiebreak needs on one machine, started together and stopped together.

Embedded servers (unless the environment names real ones), the web server and the Celery workers. A
process that dies is started again; leaving the `with` block stops all of them, in order.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from config.services import postgres_alive, restart_postgres, services_are_embedded, valkey_command
from config.settings.env import BASE_DIR, VAR_DIR

logger = logging.getLogger(__name__)

GRACE_SECONDS = 8.0
LOG_KEEP_BYTES = 5 * 2**20
PR_SET_PDEATHSIG = 1
# Connections stay open between two answers of an annotator: opening one anew would cost each a round trip.
WEB_OPTIONS = [
    "--workers", "2", "--threads", "4", "--timeout", "60", "--keep-alive", "75", "--no-control-socket",
]  # fmt: skip


@dataclass
class Child:
    """One process under supervision, with its log file."""

    name: str
    command: list[str]
    cwd: Path = BASE_DIR
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = field(default=0.0)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, log_dir: Path) -> None:
        with open_log(log_dir / f"{self.name}.log") as log:
            # Own session: Ctrl-C reaches the supervisor alone, which then stops the rest in order.
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 -- one system call, no locks taken
            )
        self.starts += 1
        self.started_at = time.monotonic()

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.alive:
            os.killpg(self.process.pid, number)


def end_with_parent() -> None:
    """Ask Linux for SIGTERM when the supervisor is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def open_log(path: Path) -> IO[bytes]:
    """Append to the log; one that has grown large moves aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_KEEP_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def site_children(host: str, port: int) -> list[Child]:
    """The processes of a whole site, in starting order."""
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "config", "worker", "--loglevel", "INFO"]
    web = [python, "-m", "gunicorn", "config.wsgi:application", "--bind", f"{host}:{port}"]
    beat = ["-B", "-s", str(VAR_DIR / "beat")]
    return [
        Child("web", [*web, *WEB_OPTIONS]),
        Child("worker-gpu", [*celery, "-Q", "gpu", "-n", "gpu@%h", "--concurrency", "1"]),
        Child("worker-cpu", [*celery, "-Q", "cpu", "-n", "cpu@%h", "--concurrency", "3"]),
        Child("worker-upkeep", [*celery, "-Q", "upkeep", "-n", "upkeep@%h", "--pool", "solo", *beat]),
    ]


def embedded_broker() -> Child:
    data_dir = VAR_DIR / "valkey"
    port = urlsplit(os.environ["BROKER_URL"]).port or 6379
    return Child("valkey", valkey_command(data_dir, port), cwd=data_dir)


class Supervisor:
    """Starts the children, restarts what dies, stops everything on the way out."""

    def __init__(
        self, children: list[Child], *, log_dir: Path, embedded_postgres: Path | None, poll: float = 0.5
    ) -> None:
        self.children = children
        self.log_dir = log_dir
        self.embedded_postgres = embedded_postgres
        self.poll = poll
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        for child in self.children:
            child.start(self.log_dir)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> None:
        """Block until the process is told to stop."""
        self._stopping.wait()

    def stop(self) -> None:
        """Ask each child to end, newest first, then insist. The broker goes last."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        brokers = [child for child in self.children if child.name == "valkey"]
        self._end([child for child in reversed(self.children) if child not in brokers])
        self._end(brokers)

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(child.alive for child in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        for child in children:
            child.signal(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(self.poll):
            if self.embedded_postgres is not None and not postgres_alive(self.embedded_postgres):
                logger.warning("PostgreSQL stopped; starting it again.")
                restart_postgres(self.embedded_postgres)
            for child in self.children:
                # A child that dies at once is tried again at the pace of one start a second or slower.
                pause = min(30.0, float(child.starts))
                if not child.alive and time.monotonic() - child.started_at > pause:
                    logger.warning("%s stopped; starting it again. See %s.log", child.name, child.name)
                    child.start(self.log_dir)


def site_supervisor(host: str, port: int) -> Supervisor:
    """A supervisor for the whole site, with embedded servers where the environment names none."""
    embedded = services_are_embedded()
    children = site_children(host, port)
    return Supervisor(
        [embedded_broker(), *children] if embedded else children,
        log_dir=VAR_DIR / "log",
        embedded_postgres=VAR_DIR / "postgres" if embedded else None,
    )
