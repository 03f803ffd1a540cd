"""What every worker does around its work: read the spec, own the folder, write crash-safe rows, stop cleanly.

Exit statuses: 0 done; 2 the work cannot be done as asked, with the reason for the user on stderr;
3 cancelled by SIGTERM; anything else is a crash and may be tried again with the same folder.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from trainer_bridge.contracts import SPECS, Environment, ExitCode, Progress, Strict

Spec = TypeVar("Spec", bound=Strict)
Row = TypeVar("Row", bound=BaseModel)

LOCK_WAIT_SECONDS = 30.0
PROGRESS_EVERY_SECONDS = 0.5
PR_SET_PDEATHSIG = 1
PACKAGES = (
    "accelerate", "datasets", "httpx", "numpy", "peft", "pydantic", "sentence-transformers", "torch",
    "transformers", "trl", "vllm",
)  # fmt: skip


class UserError(Exception):
    """The work cannot be done as asked. The message says what happened, why, and what to do."""


class Cancelled(SystemExit):
    """SIGTERM. A SystemExit, so that neither libraries nor event loops swallow it."""

    def __init__(self) -> None:
        super().__init__(int(ExitCode.CANCELLED))


class _Interrupts:
    """Turns SIGTERM into `Cancelled`, but never in the middle of writing a row."""

    def __init__(self) -> None:
        self.requested = False
        self._writing = False

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._handle)
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _signum: int, _frame: FrameType | None) -> None:
        self.requested = True
        if not self._writing:
            raise Cancelled

    def __enter__(self) -> None:
        self._writing = True

    def __exit__(self, *_exc: object) -> None:
        self._writing = False
        if self.requested:
            raise Cancelled


class JsonLines:
    """Rows appended to a file. Opening it cuts off a line torn by a crash, so every line is a whole row."""

    def __init__(self, path: Path, interrupts: _Interrupts) -> None:
        self.path = path
        self._interrupts = interrupts
        _cut_torn_tail(path)
        path.touch()

    def append(self, *rows: BaseModel) -> None:
        """Write the rows and hand them to the operating system: they outlive this process."""
        with self._interrupts, self.path.open("ab") as file:
            file.write(_lines(rows))

    def rewrite(self, rows: Iterable[BaseModel]) -> None:
        """Replace all rows in one step."""
        with self._interrupts:
            _write_atomically(self.path, _lines(rows))


class Workspace:
    """The worker's folder, which it owns alone while it runs."""

    def __init__(self, folder: Path, inputs: Path) -> None:
        self.folder = folder
        self._inputs = inputs
        self._interrupts = _Interrupts()
        self._progress: JsonLines | None = None
        self._progress_at = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def claim(self) -> None:
        """Hold the folder's lock until this process ends; wait a little for a predecessor to die."""
        self._lock = (self.folder / ".lock").open("a")
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._lock.close()
                    raise SystemExit(
                        f"Another worker is still writing to {self.folder}. Wait until it ends, or stop it."
                    ) from None
                time.sleep(0.5)
            else:
                self._interrupts.install()
                self._progress = self.rows("progress.jsonl")
                return

    def rows(self, name: str) -> JsonLines:
        return JsonLines(self.folder / name, self._interrupts)

    def input(self, path: str) -> Path:
        """A file named in the spec: absolute, or relative to the spec's own folder."""
        return self._inputs / path

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Say how far the work is, at most twice a second; the last word always counts."""
        now = time.monotonic()
        if self._progress and (done >= total or now - self._progress_at >= PROGRESS_EVERY_SECONDS):
            self._progress.append(Progress(done=done, total=total, message=message))
            self._progress_at = now

    def environment(
        self,
        *,
        device: str,
        device_name: str,
        dtype: str,
        model_fingerprint: str,
        template_hash: str,
        reference_fingerprint: str = "",
    ) -> None:
        """Note what the results are made with."""
        environment = Environment(
            python=platform.python_version(),
            packages=_installed(),
            device=device,
            device_name=device_name,
            dtype=dtype,
            model_fingerprint=model_fingerprint,
            template_hash=template_hash,
            reference_fingerprint=reference_fingerprint,
        )
        self.write("environment.json", environment)

    def write(self, name: str, value: BaseModel) -> None:
        with self._interrupts:
            _write_atomically(self.folder / name, value.model_dump_json(indent=2).encode())


class Tally:
    """Counts of one kind of thing, told to `progress.jsonl` as they grow. `before` and `after` are the units
    of work that come before and after them in the same job."""

    def __init__(
        self, workspace: Workspace, noun: str, *, total: int, done: int = 0, before: int = 0, after: int = 0
    ) -> None:
        self.done = done
        self.failed = 0
        self.note = ""
        self._workspace = workspace
        self._noun = noun
        self._total = total
        self._around = (before, after)
        self._tell()

    def add(self, done: int = 0, *, failed: int = 0) -> None:
        self.done += done
        self.failed += failed
        self._tell()

    def _tell(self) -> None:
        parts = [f"{self.done} of {self._total} {self._noun}"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.note:
            parts.append(self.note)
        before, after = self._around
        done, total = before + self.done + self.failed, before + self._total + after
        self._workspace.progress(done, total, ", ".join(parts))


def read_rows(path: Path, model: type[Row]) -> Iterator[Row]:
    """The rows of a file; the first bad one ends the work with its line number."""
    try:
        handle = path.open(encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    with handle:
        for number, line in enumerate(handle, start=1):
            if line.strip():
                try:
                    yield model.model_validate_json(line)
                except ValidationError as error:
                    raise UserError(f"{path.name}, line {number}: {in_words(error)}") from error


def in_words(error: ValidationError) -> str:
    """A validation error as one sentence for a person."""
    parts = []
    for item in error.errors(include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {message}" if where else message)
    return "; ".join(parts) + "."


def work(name: str, run: Callable[[Spec, Workspace], None]) -> NoReturn:
    """Run one worker from the command line and leave with the status the contract names."""
    parser = argparse.ArgumentParser(prog=f"python -m trainer_bridge.workers.{name}")
    parser.add_argument("--spec", type=Path, required=True, help="the spec, as JSON")
    parser.add_argument("--out", type=Path, required=True, help="folder for results; reuse it to resume")
    args = parser.parse_args()
    _die_with_parent()
    # A worker never fetches anything: models are local folders.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        spec = _load_spec(name, args.spec)
        workspace = Workspace(args.out.resolve(), inputs=args.spec.resolve().parent)
        workspace.claim()
        run(spec, workspace)  # type: ignore[arg-type]  # SPECS[name] is the Spec of this worker
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201  # stderr is how a worker speaks to the user
        sys.exit(int(ExitCode.BAD_SPEC))
    sys.exit(int(ExitCode.DONE))


def _load_spec(name: str, path: Path) -> Strict:
    try:
        return SPECS[name].model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"Cannot read the spec {path}: {error.strerror}.") from error
    except ValidationError as error:
        raise UserError(f"The {name} spec is not valid. {in_words(error)}") from error


def _die_with_parent() -> None:
    """Ask Linux for a SIGTERM when the launching thread ends, so that no orphan holds a GPU."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _cut_torn_tail(path: Path) -> None:
    """Drop what follows the last line feed: the half line a killed process leaves."""
    if not path.exists():
        return
    with path.open("rb+") as handle:
        end = handle.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            handle.seek(start)
            cut = handle.read(end - start).rfind(b"\n")
            if cut >= 0:
                handle.truncate(start + cut + 1)
                return
            end = start
        handle.truncate(0)


def _lines(rows: Iterable[BaseModel]) -> bytes:
    return b"".join(row.model_dump_json().encode() + b"\n" for row in rows)


def _write_atomically(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_bytes(content)
    draft.replace(path)


def _installed() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions
