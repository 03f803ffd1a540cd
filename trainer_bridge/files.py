"""The files a job and its worker exchange: written whole or not at all, read line by line as they grow."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

READ_BYTES = 4 * 2**20
TAIL_BYTES = 8_000


def write_rows(path: Path, rows: Iterable[BaseModel]) -> int:
    """Write JSON lines atomically; the number of rows written."""
    count = 0
    partial = path.with_name(f".{path.name}.part")
    with partial.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(row.model_dump_json() + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return count


def write_model(path: Path, value: BaseModel) -> None:
    """Write one JSON document atomically."""
    write_rows(path, [value])


def read_json(path: Path) -> dict[str, Any] | None:
    """The document at `path`; None while it is not there or not whole yet."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None


def read_tail(path: Path, limit: int = TAIL_BYTES) -> str:
    """The last `limit` bytes as text, from the start of a line, progress bars reduced to their last state."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - limit))
            data = file.read(limit)
    except FileNotFoundError:
        return ""
    lines = data.decode("utf-8", errors="replace").replace("\x00", "").split("\n")
    if size > limit:
        lines = lines[1:]
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).strip()


class Tails:
    """The output files of a job, and how far each has been read (`offsets`, in bytes).

    Only complete lines are handed out. The caller saves the offsets in the transaction that stores
    the rows, so that each row is counted once however often a job is interrupted.
    """

    def __init__(self, out_dir: Path, offsets: dict[str, int]) -> None:
        self.out_dir = out_dir
        self.offsets = dict(offsets)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The next complete rows of `name`, at most a few megabytes; empty when there is nothing new."""
        path = self.out_dir / name
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return []
        start = self.offsets.get(name, 0)
        if size < start:  # another machine's file, or a torn last line cut off: rows have natural keys
            start = 0
        data = self._read(path, start)
        self.offsets[name] = start + len(data)
        return [row for line in data.split(b"\n") if (row := _parsed(line)) is not None]

    @staticmethod
    def _read(path: Path, start: int) -> bytes:
        """Whole lines from `start`: as many as fit in READ_BYTES, and at least one."""
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(READ_BYTES)
            while b"\n" not in data and (more := file.read(READ_BYTES)):
                data += more
        return data[: data.rfind(b"\n") + 1]


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line's object. None for what a crash left behind: its work is done again under the same key."""
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, dict) else None
