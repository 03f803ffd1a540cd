"""The most memory this process and everything under it used at once."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

SAMPLE_SECONDS = 2.0


class PeakMemory:
    """Samples the process tree. Shared pages count once: proportional set size, where the system tells it."""

    def __init__(self, extra_pids: list[int]) -> None:
        self.extra_pids = extra_pids
        self.peak_bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-memory", daemon=True)

    @property
    def peak_gib(self) -> float:
        return round(self.peak_bytes / 2**30, 2)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            used = sum(tree_bytes(pid) for pid in [os.getpid(), *self.extra_pids])
            self.peak_bytes = max(self.peak_bytes, used)


def tree_bytes(pid: int) -> int:
    try:
        root = psutil.Process(pid)
        return sum(process_bytes(process) for process in [root, *root.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def process_bytes(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # gone meanwhile, or a system without /proc
    try:
        rss: int = process.memory_info().rss
        return rss
    except psutil.Error:
        return 0
