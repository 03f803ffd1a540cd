"""The house task decorator: one place for queue, late acknowledgement and retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.app.task import Task
from django.db import InterfaceError, OperationalError


def task(
    *, queue: str, max_retries: int = 5, retry_on: tuple[type[Exception], ...] = ()
) -> Callable[[Callable[..., None]], Task[Any, None]]:
    """Declare a task that takes ids and JSON, and that may run twice.

    A lost database connection is always retried with backoff; anything else only if named in `retry_on`.
    """
    options: dict[str, Any] = {
        "queue": queue,
        "acks_late": True,
        "reject_on_worker_lost": True,
        "ignore_result": True,
        "autoretry_for": (OperationalError, InterfaceError, *retry_on),
        "max_retries": max_retries,
        "retry_backoff": 2,
        "retry_backoff_max": 60,
    }

    def declare(function: Callable[..., None]) -> Task[Any, None]:
        return shared_task(**options)(function)

    return declare
