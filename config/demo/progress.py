"""Progress bars for long steps, read from the rows that the pages read too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Standing:
    """How far a row is: `error` is set exactly when it has ended badly."""

    done: int
    total: int
    finished: bool
    message: str = ""
    error: str = ""


class RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f}/s" if speed else "–/s", style="cyan")


def watch(console: Console, label: str, read: Callable[[], Standing]) -> None:
    """Show a bar until the row is finished. Raises CommandError with the row's own words if it failed."""
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[message]}", style="dim"),
    )
    # Without a terminal (in CI) rich draws the finished bar once; plain lines tell how far it is meanwhile.
    with Progress(*columns, console=console, speed_estimate_period=60) as progress:
        task = progress.add_task(label, total=None, message="")
        said_at = time.monotonic()
        while True:
            standing = read()
            progress.update(
                task, completed=standing.done, total=standing.total or None, message=standing.message[:50]
            )
            if not console.is_terminal and time.monotonic() - said_at > 15:
                said_at = time.monotonic()
                console.print(f"{label}: {standing.done}/{standing.total} {standing.message}")
            if standing.error:
                raise CommandError(f"{label} failed: {standing.error}")
            if standing.finished:
                return
            time.sleep(POLL_SECONDS)
