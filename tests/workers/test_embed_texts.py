"""Sentence embeddings by the real model that comes with the workers."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.workers.conftest import WorkerBench, wait_for
from trainer_bridge.contracts import EmbedSpec, ExitCode

pytestmark = pytest.mark.real_model


def text(key: str, words: str) -> dict[str, str]:
    return {"key": key, "text": words}


def vectors(rows: list[dict[str, Any]]) -> dict[str, npt.NDArray[np.float32]]:
    return {row["key"]: np.frombuffer(base64.b64decode(row["vector"]), dtype="<f4") for row in rows}


def test_it_works(bench: WorkerBench) -> None:
    long = "The garden has a pond. " * 100
    texts = [
        text("capital", "What is the capital of France?"),
        text("long", long),
        text("tell", "Tell me which city is France's capital."),
        text("longer", f"{long} It ends with something else: the stock market fell."),
        text("soup", "How do I cook lentil soup?"),
        text("again", "What is the capital of France?"),
    ]
    spec = EmbedSpec(texts=bench.write("texts.jsonl", texts))
    done = bench.run("embed_texts", spec, "out")
    assert done.returncode == 0, done.stderr
    rows = bench.rows("out", "embeddings.jsonl")
    assert sorted(row["key"] for row in rows) == sorted(row["key"] for row in texts)
    assert {row["key"] for row in rows if row["is_cut"]} == {"long", "longer"}
    found = vectors(rows)
    assert all(vector.shape == (384,) for vector in found.values())
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) for vector in found.values())
    # Batches differ in padding, which float32 feels a little.
    assert found["capital"] @ found["again"] == pytest.approx(1, abs=1e-5)
    assert found["capital"] @ found["tell"] > 0.7
    assert found["capital"] @ found["soup"] < 0.3
    # What comes after the window is not read.
    assert found["long"] @ found["longer"] == pytest.approx(1, abs=1e-5)
    facts = bench.folder / "out" / "embedder.json"
    assert '"dimensions": 384' in facts.read_text()
    assert '"window": 256' in facts.read_text()
    last = bench.rows("out", "progress.jsonl")[-1]
    assert last == {"done": 6, "total": 6, "message": "6 of 6 texts, 2 cut at 256 tokens"}


def test_a_worker_that_is_told_to_stop_loses_nothing(bench: WorkerBench) -> None:
    texts = [text(str(number), f"Text {number} on birds. " * (1 + number % 8)) for number in range(600)]
    spec = EmbedSpec(texts=bench.write("texts.jsonl", texts))
    worker = bench.start("embed_texts", spec, "out")
    path = bench.folder / "out" / "embeddings.jsonl"
    wait_for(lambda: path.exists() and path.stat().st_size)
    worker.terminate()
    assert worker.wait(20) == ExitCode.CANCELLED
    worker.communicate()
    before = bench.rows("out", "embeddings.jsonl")
    assert 0 < len(before) < len(texts)
    with path.open("a") as file:
        file.write('{"key":"torn')  # killed in the middle of a row
    assert bench.run("embed_texts", spec, "out").returncode == 0
    rows = bench.rows("out", "embeddings.jsonl")
    assert rows[: len(before)] == before
    assert sorted(int(row["key"]) for row in rows) == list(range(600))


def test_a_directory_without_a_model_is_refused_in_words(bench: WorkerBench) -> None:
    spec = EmbedSpec(model=str(bench.folder), texts=bench.write("texts.jsonl", []))
    done = bench.run("embed_texts", spec, "out")
    assert done.returncode == ExitCode.BAD_SPEC
    assert "There is no model in" in done.stderr
