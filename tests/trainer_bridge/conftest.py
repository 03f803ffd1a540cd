"""A job directory per test, fake workers, and a loop that does not wait a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.trainer_bridge.fakes import FakeProcess
from trainer_bridge.services import job_watch

# Celery 5.7 deprecates the task option that `config.tasks.task` names its queue with.
QUEUE_OPTION = pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(QUEUE_OPTION)


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
