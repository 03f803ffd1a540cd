"""Many real connections at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def together(work: Sequence[Callable[[], T]]) -> list[T]:
    """Run all at the same moment, each on its own connection."""
    barrier = Barrier(len(work))

    def run(each: Callable[[], T]) -> T:
        barrier.wait()
        try:
            return each()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))
