"""A job directory per test, fake workers, and a loop that does not wait a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.trainer_bridge.fakes import FakeProcess
from trainer_bridge.services import job_watch


@pytest.fixture(autouse=True)
def _jobs_root(settings: Settings, tmp_path: Path) -> None:
    settings.JOBS_ROOT = tmp_path / "jobs"
    settings.LAUNCH_BACKEND = "tests.trainer_bridge.fakes.FakeProcess"
    settings.JOB_HEARTBEAT_SECONDS = 0.05


@pytest.fixture(autouse=True)
def _quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_watch, "TICK_SECONDS", 0.02)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Choose the fake worker that the next job starts; none is left running afterwards."""
    FakeProcess.launched.clear()

    def choose(script: str) -> None:
        monkeypatch.setattr(FakeProcess, "script", script)

    yield choose
    for child in FakeProcess.launched:
        child.terminate()
