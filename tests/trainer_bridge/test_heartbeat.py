"""Workers report in, whatever the database does."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
import time_machine
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


@pytest.mark.django_db
def test_a_missing_upkeep_worker_is_in_the_log_of_the_others(caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel("2026-03-01 12:00Z", tick=False) as clock:
        cpu, upkeep = Heartbeat("cpu@here", ["cpu"]), Heartbeat("upkeep@here", ["upkeep"])

        def errors_at(minutes: float) -> int:
            clock.move_to(cpu.started_at + timedelta(minutes=minutes))
            caplog.clear()
            for heartbeat in (cpu, upkeep):
                heartbeat.look_for_upkeep()
            return len(caplog.records)

        # It may start a little later, is missed after a minute, and again every five.
        assert [errors_at(minutes) for minutes in (0, 0.9, 1, 2, 5.9, 6)] == [0, 0, 1, 0, 0, 1]
        assert "-Q upkeep -n upkeep@%h --pool solo" in caplog.text
        clock.move_to(cpu.started_at + timedelta(minutes=20))
        upkeep.beat()
        assert [errors_at(minutes) for minutes in (20, 20.4, 20.6, 21.4)] == [0, 0, 0, 1]


def wait(true: object) -> None:
    deadline = time.monotonic() + 5
    while not true():  # type: ignore[operator]  # a lambda
        assert time.monotonic() < deadline
        time.sleep(0.02)
