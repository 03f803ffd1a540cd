"""Workers report in, whatever the database does."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import OperationalError

from trainer_bridge.heartbeat import Heartbeat
from trainer_bridge.models import Worker


@pytest.mark.django_db
def test_it_works() -> None:
    heartbeat = Heartbeat("gpu@here", ["gpu"])
    heartbeat.beat()
    first = Worker.objects.get()
    heartbeat.beat()
    second = Worker.objects.get()
    assert (second.name, second.queues) == ("gpu@here", ["gpu"])
    assert second.seen_at > first.seen_at
    assert list(Worker.objects.serving("gpu")) == [second]
    assert not Worker.objects.serving("cpu").exists()


@pytest.mark.django_db(transaction=True)
def test_the_thread_survives_the_database_and_takes_its_row_away(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat = Heartbeat("gpu@here", ["gpu"], every=0.02)
    beats: list[int] = []
    beat = heartbeat.beat

    def flaky() -> None:
        beats.append(1)
        if len(beats) in {1, 2}:
            raise OperationalError("server closed the connection unexpectedly")
        beat()

    monkeypatch.setattr(heartbeat, "beat", flaky)
    heartbeat.start()
    wait(lambda: Worker.objects.filter(name="gpu@here").exists())
    heartbeat.stop()
    wait(lambda: not Worker.objects.exists())
    wait(lambda: not any(thread.name == "worker-heartbeat" for thread in threading.enumerate()))


def wait(true: object) -> None:
    deadline = time.monotonic() + 5
    while not true():  # type: ignore[operator]  # a lambda
        assert time.monotonic() < deadline
        time.sleep(0.02)
