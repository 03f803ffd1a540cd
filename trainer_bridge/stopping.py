"""Whether the Celery worker around us has been told to stop.

A job may run for days, so a stopping worker does not wait for it: it stops the child, which flushes,
and gives the job back to the queue.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Shared memory, made before the pool forks: the main process sets it, the pool process that runs the
# job sees it. Without a lock, because a signal handler writes it.
SHUTTING_DOWN = multiprocessing.RawValue("b", 0)
LOADED_BY = os.getpid()


@contextmanager
def stop_asked() -> Iterator[Callable[[], bool]]:
    """Within the block: a function that tells whether to stop, by SIGTERM or by the worker's shutdown."""
    terminated = threading.Event()

    def asked() -> bool:
        return terminated.is_set() or bool(SHUTTING_DOWN.value)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: terminated.set())
    try:
        yield asked
    finally:
        signal.signal(signal.SIGTERM, before)
        # Without a pool Celery itself has to hear of it. A pool process ends when its parent says so.
        if terminated.is_set() and os.getpid() == LOADED_BY:
            signal.raise_signal(signal.SIGTERM)
