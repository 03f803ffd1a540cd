"""What the demo has done so far, kept in a file so that nothing is done twice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class DemoState:
    """Ids of what each step made, and the seconds each step took."""

    path: Path
    ids: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory_gib: float = 0.0

    @classmethod
    def load(cls, path: Path) -> DemoState:
        if not path.exists():
            return cls(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, kept["ids"], kept["seconds"], kept["peak_memory_gib"])

    def save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {"ids": self.ids, "seconds": self.seconds, "peak_memory_gib": self.peak_memory_gib}, indent=2
        )
        scratch = self.path.with_suffix(".tmp")
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(self.path)

    def remember(self, name: str, pk: int) -> None:
        self.ids[name] = pk
        self.save()

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time spent inside to the step; an interrupted step goes on counting when it resumes."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + time.monotonic() - started, 1)
            self.save()
