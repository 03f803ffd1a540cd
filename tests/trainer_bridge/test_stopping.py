"""SIGTERM during a job: first the job is given back, then Celery hears of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from trainer_bridge import stopping
from trainer_bridge.stopping import stop_asked


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """The signals that reached the handler which was there before."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)


def test_it_works(heard: list[int]) -> None:
    with stop_asked() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGTERM)
        assert asked()
        assert heard == []
    assert heard == [signal.SIGTERM]


def test_a_pool_process_leaves_it_to_its_parent(heard: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "LOADED_BY", -1)
    with stop_asked() as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked()
    assert heard == []


def test_without_a_signal_nothing_is_passed_on(heard: list[int]) -> None:
    with stop_asked():
        pass
    assert heard == []
