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
from trainer_bridge.contracts import Strict

SMOLLM2 = Path(BASE_DIR) / "var" / "models" / "smollm2-135m-instruct"
RUBRIC = "Question: {prompt}\n\nAnswer A: {left}\n\nAnswer B: {right}\n\nWhich is better? Reply with A or B."


class WorkerBench:
    """Starts workers in one of the two environments, under a folder of its own."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python = python
        self.folder = folder

    def command(self, name: str, spec: Strict | dict[str, Any], out: str) -> list[str]:
        path = self.folder / f"{out}.spec.json"
        body = spec if isinstance(spec, dict) else spec.model_dump(mode="json")
        path.write_text(json.dumps(body))
        module = f"trainer_bridge.workers.{name}"
        return [self.python, "-m", module, "--spec", str(path), "--out", str(self.folder / out)]

    def start(self, name: str, spec: Strict | dict[str, Any], out: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(name, spec, out), cwd=BASE_DIR, stderr=subprocess.PIPE, text=True
        )

    def run(self, name: str, spec: Strict | dict[str, Any], out: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, spec, out),
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def python_runs(self, code: str, *arguments: str) -> None:
        subprocess.run([self.python, "-c", code, *arguments], cwd=BASE_DIR, check=True)

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
def bench(ml_python: str, tmp_path: Path) -> WorkerBench:
    """Workers with torch."""
    return WorkerBench(ml_python, tmp_path)


@pytest.fixture
def light_bench(tmp_path: Path) -> WorkerBench:
    """Workers in the web environment, which has no torch: enough for endpoints."""
    return WorkerBench(sys.executable, tmp_path)


@pytest.fixture(scope="session")
def tiny_reference(ml_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other weights in the shape and with the tokenizer of `tiny_model`."""
    return _built(ml_python, tmp_path_factory.mktemp("reference"), "1")


@pytest.fixture(scope="session")
def real_reference(ml_python: str, real_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SmolLM2 with its weights a little off, as another checkpoint of it would be."""
    return _built(ml_python, tmp_path_factory.mktemp("reference"), "near", str(real_model))


def _built(ml_python: str, folder: Path, *how: str) -> Path:
    subprocess.run([ml_python, "-m", "tests.tiny_model", str(folder), *how], cwd=BASE_DIR, check=True)
    return folder
