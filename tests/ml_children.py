"""Workers without the seconds that importing torch takes: children of one process that has imported it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
from types import TracebackType
from typing import IO, Self

from config.settings.env import BASE_DIR


class Child:
    """A process, as `subprocess.Popen` has it."""

    def __init__(self, args: list[str], status: socket.socket, out: IO[str], err: IO[str]) -> None:
        self.args = args
        self.returncode: int | None = None
        self._status = status
        self._files = out, err
        self._said = ["", ""]
        self.pid = self._told(None)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self._told(timeout)
            self._status.close()
            for number, file in enumerate(self._files):
                with file:
                    file.seek(0)
                    self._said[number] = file.read()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it printed, and its errors."""
        self.wait(timeout)
        out, err = self._said
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _told(self, timeout: float | None) -> int:
        self._status.settimeout(timeout)
        try:
            said = self._status.recv(64)
        except TimeoutError as error:
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
        if not said:
            raise RuntimeError(f"the process that runs {self.args} is gone")
        return int(said)


class MlChildren:
    """Starts modules in the worker environment; the first start waits for the imports."""

    def __init__(self, python: str) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [python, "-m", "tests.ml_server", str(theirs.fileno())]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        self._server = subprocess.Popen(
            command, cwd=BASE_DIR, env=environment, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        self._server.wait(30)

    def start(self, module: str, *arguments: str) -> Child:
        args = [module, *arguments]
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        out, err = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115 -- the child's for its life
        descriptors = [out.fileno(), err.fileno(), theirs.fileno()]
        socket.send_fds(self._control, [json.dumps(args).encode()], descriptors)
        theirs.close()
        return Child(args, ours, out, err)

    def answer(self, module: str, *arguments: str) -> str:
        """What the module prints; raises CalledProcessError, with its errors, where it fails."""
        done = self.run(module, *arguments, timeout=300)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
        return done.stdout

    def run(self, module: str, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        child = self.start(module, *arguments)
        try:
            out, err = child.communicate(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        return subprocess.CompletedProcess(child.args, child.wait(), out, err)
