"""What an export format is given, and what it must answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True)
class TrainingRow:
    """One row of a dataset version. `soft_label` is P(chosen is better)."""

    messages: list[dict[str, Any]]
    chosen: str
    rejected: str
    soft_label: float


@dataclass
class Written:
    """How many rows are in the file, and why the others are not."""

    n_rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


class Exporter(Protocol):
    """A file format. The same rows must give the same bytes."""

    name: ClassVar[str]
    label: ClassVar[str]
    suffix: ClassVar[str]
    help: ClassVar[str]

    def write(self, rows: Iterable[TrainingRow], path: Path) -> Written:
        """Stream `rows` into a new file at `path`."""

    def example(self, row: TrainingRow) -> str | None:
        """The row as the format's reader sees it, as JSON; None if it would be left out."""
