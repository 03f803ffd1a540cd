"""Workers run as the job runner runs them: child processes, a spec file, a folder."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from config.settings.env import BASE_DIR
from tests.ml_children import Child, MlChildren
from trainer_bridge.contracts import Strict

SMOLLM2 = Path(BASE_DIR) / "var" / "models" / "smollm2-135m-instruct"
RUBRIC = "Question: {prompt}\n\nAnswer A: {left}\n\nAnswer B: {right}\n\nWhich is better? Reply with A or B."


class WorkerBench:
    """Starts workers under a folder of its own: with torch by `ml`, without in the environment of the web."""

    def __init__(self, folder: Path, ml: MlChildren | None = None) -> None:
        self.folder = folder
        self._ml = ml

    def command(self, name: str, spec: Strict | dict[str, Any], out: str) -> list[str]:
        """The worker's module and its arguments."""
        path = self.folder / f"{out}.spec.json"
        body = spec if isinstance(spec, dict) else spec.model_dump(mode="json")
        path.write_text(json.dumps(body))
        return [f"trainer_bridge.workers.{name}", "--spec", str(path), "--out", str(self.folder / out)]

    def start(self, name: str, spec: Strict | dict[str, Any], out: str) -> subprocess.Popen[str] | Child:
        command = self.command(name, spec, out)
        if self._ml:
            return self._ml.start(*command)
        return subprocess.Popen(
            [sys.executable, "-m", *command], cwd=BASE_DIR, stderr=subprocess.PIPE, text=True
        )

    def run(self, name: str, spec: Strict | dict[str, Any], out: str) -> subprocess.CompletedProcess[str]:
        command = self.command(name, spec, out)
        if self._ml:
            return self._ml.run(*command)
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def write(self, name: str, rows: Iterable[dict[str, Any]]) -> str:
        (self.folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    def rows(self, out: str, name: str) -> list[dict[str, Any]]:
        path = self.folder / out / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def result(self, out: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.folder / out / "result.json").read_text())
        return value


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.fixture
def bench(ml: MlChildren, tmp_path: Path) -> WorkerBench:
    """Workers with torch."""
    return WorkerBench(tmp_path, ml)


@pytest.fixture
def light_bench(tmp_path: Path) -> WorkerBench:
    """Workers in the web environment, which has no torch: enough for endpoints."""
    return WorkerBench(tmp_path)


@pytest.fixture(scope="session")
def tiny_reference(ml: MlChildren, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other weights in the shape and with the tokenizer of `tiny_model`."""
    return _built(ml, tmp_path_factory.mktemp("reference"), "1")


@pytest.fixture(scope="session")
def real_reference(ml: MlChildren, real_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2 with its weights a little off, as another checkpoint of it would be."""
    return _built(ml, tmp_path_factory.mktemp("reference"), "near", str(real_model))


def _built(ml: MlChildren, folder: Path, *how: str) -> Path:
    ml.answer("tests.tiny_model", str(folder), *how)
    return folder
