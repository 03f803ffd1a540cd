"""Celery workers report in, so that pages can say whether anyone serves a queue.

A thread of the worker's main process writes the `Worker` row; a long job in the pool does not hold it
up. Commands (several may run, on any number of machines):

    celery -A config worker -Q gpu -n gpu@%h --concurrency 1
    celery -A config worker -Q cpu -n cpu@%h --concurrency 2
    celery -A config worker -Q upkeep -n upkeep@%h --pool solo
    celery -A config beat
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import datetime, timedelta
from typing import Any

from celery import signals
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from trainer_bridge.models import Worker
from trainer_bridge.queues import UPKEEP_QUEUE, start_command
from trainer_bridge.stopping import SHUTTING_DOWN

logger = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
# How long the upkeep worker may be away before the others say so, and how long until they say it again.
UPKEEP_PATIENCE = timedelta(minutes=1)
UPKEEP_AGAIN = timedelta(minutes=5)


class Heartbeat:
    """Writes this worker's row every few seconds until stopped, whatever the database does meanwhile."""

    def __init__(self, name: str, queues: list[str], every: float = BEAT_SECONDS) -> None:
        self.name = name
        self.queues = queues
        self.every = every
        self.started_at: datetime = timezone.now()
        self._silent_until = self.started_at + UPKEEP_PATIENCE
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="worker-heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to take the row away and end. Fit for a signal handler: it waits for nothing."""
        self._over.set()

    def beat(self) -> None:
        row = Worker(
            name=self.name,
            queues=self.queues,
            host=socket.gethostname()[:120],
            pid=os.getpid(),
            started_at=self.started_at,
            seen_at=timezone.now(),
        )
        fields = ["queues", "host", "pid", "started_at", "seen_at"]
        Worker.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=fields)

    def look_for_upkeep(self) -> None:
        """Say in the log, now and then, that nobody looks for lost work."""
        now = timezone.now()
        if UPKEEP_QUEUE in self.queues or Worker.objects.serving(UPKEEP_QUEUE).exists():
            self._silent_until = now + UPKEEP_PATIENCE
        elif now >= self._silent_until:
            self._silent_until = now + UPKEEP_AGAIN
            logger.error(
                "No worker serves the %s queue: lost jobs, imports and reports stay lost. Start one with: %s",
                UPKEEP_QUEUE,
                start_command(UPKEEP_QUEUE),
            )

    def _report(self) -> None:
        self.beat()
        self.look_for_upkeep()

    def _run(self) -> None:
        while True:
            self._safely(self._report)
            if self._over.wait(self.every):
                break
        self._safely(lambda: Worker.objects.filter(name=self.name, pid=os.getpid()).delete())

    @staticmethod
    def _safely(step: Any) -> None:
        """A connection per beat: a pool process that is forked later must not share an open one."""
        try:
            step()
        except (DatabaseError, InterfaceError):
            logger.warning("The database is away; this worker could not report in.", exc_info=True)
        finally:
            connection.close()


_heartbeats: list[Heartbeat] = []


@signals.worker_ready.connect
def on_worker_ready(sender: Any, **_: Any) -> None:
    queues = sorted(str(name) for name in sender.app.amqp.queues.consume_from)
    heartbeat = Heartbeat(sender.hostname, queues)
    heartbeat.start()
    _heartbeats.append(heartbeat)


@signals.worker_shutting_down.connect
def on_worker_shutting_down(**_: Any) -> None:
    """Runs inside a signal handler: set the flag here, leave the database to the thread."""
    SHUTTING_DOWN.value = 1
    for heartbeat in _heartbeats:
        heartbeat.stop()
