"""Where what was read of a project is kept: in memory for one run, or as a snapshot on disk for a preview."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Read = Callable[[], tuple[Array, ...]]

# A snapshot is some hundred bytes a pair; these many of a project stay for pages that are still open.
SNAPSHOTS = 3


class Kept(Protocol):
    """Arrays by name; `read` is called for those that are not there yet."""

    def get(self, name: str, read: Read) -> tuple[Array, ...]: ...


class InMemory:
    """For as long as one run takes."""

    def __init__(self) -> None:
        self._arrays: dict[str, tuple[Array, ...]] = {}

    def get(self, name: str, read: Read) -> tuple[Array, ...]:
        if name not in self._arrays:
            self._arrays[name] = read()
        return self._arrays[name]


class Snapshot:
    """What a project held when it was first asked about, in a folder that all web processes share.

    Arrays are mapped rather than loaded: their memory is the system's to take back.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _prune(folder.parent)

    @property
    def began_at(self) -> datetime:
        """When the first array was read."""
        first = min(home.stat().st_mtime for home in self._folder.iterdir())
        return datetime.fromtimestamp(first, tz=UTC)

    def has(self, name: str) -> bool:
        return self._home(name).is_dir()

    def get(self, name: str, read: Read) -> tuple[Array, ...]:
        home = self._home(name)
        if not home.is_dir():
            self._keep(home, read())
        files = sorted(home.iterdir())
        return tuple(np.asarray(np.load(file, mmap_mode="r")) for file in files)

    def _home(self, name: str) -> Path:
        # A name may hold what no file name may.
        return self._folder / hashlib.sha256(name.encode()).hexdigest()[:16]

    def _keep(self, home: Path, arrays: tuple[Array, ...]) -> None:
        """Whole or not at all; of two that read the same at once, the first stays."""
        part = Path(tempfile.mkdtemp(dir=self._folder.parent, prefix=".part-"))
        try:
            for place, array in enumerate(arrays):
                np.save(part / f"{place}.npy", array, allow_pickle=False)
            os.rename(part, home)  # noqa: PTH104 -- Path.rename is the same call
        except OSError:
            if not home.is_dir():
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _prune(folder: Path) -> None:
    """Remove all but the newest snapshots; a page that still needs an older one reads anew."""
    found = [each for each in folder.iterdir() if not each.name.startswith(".")]
    for old in sorted(found, key=lambda each: each.stat().st_mtime)[:-SNAPSHOTS]:
        shutil.rmtree(old, ignore_errors=True)
