"""The house task decorator: one place for queue, late acknowledgement and retries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import shared_task  # noqa: TID251 -- the one place that may: everyone else uses `task`
from celery.app.task import Task
from django.db import InterfaceError, OperationalError

QUEUES: dict[str, str] = {}


def route(name: str, *_args: Any, **_options: Any) -> dict[str, str] | None:
    """Celery's router (`CELERY_TASK_ROUTES`): the queue a task was declared with."""
    return {"queue": QUEUES[name]} if name in QUEUES else None


def task(
    *, queue: str, max_retries: int = 5, retry_on: tuple[type[Exception], ...] = ()
) -> Callable[[Callable[..., None]], Task[Any, None]]:
    """Declare a task that takes ids and JSON, and that may run twice.

    A lost database connection is always retried with backoff; anything else only if named in `retry_on`.
    """
    options: dict[str, Any] = {
        "acks_late": True,
        "reject_on_worker_lost": True,
        "ignore_result": True,
        "autoretry_for": (OperationalError, InterfaceError, *retry_on),
        "max_retries": max_retries,
        "retry_backoff": 2,
        "retry_backoff_max": 60,
    }

    def declare(function: Callable[..., None]) -> Task[Any, None]:
        QUEUES[f"{function.__module__}.{function.__name__}"] = queue
        declared: Task[Any, None] = shared_task(**options)(function)
        return declared

    return declare
