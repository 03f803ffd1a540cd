"""Counting tokens: the worker as the job runner starts it, beside what TRL prepares from the same rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ml_children import MlChildren
from tests.workers.conftest import WorkerBench, user
from trainer_bridge.contracts import TokenScoreSpec

PAIRS = [
    ("1", user("Why?"), "Air scatters blue.", "Air scatters red."),
    ("2", [*user("Hi"), {"role": "assistant", "content": "Hello"}, *user("And?")], "Short", "Short and more"),
    ("3", user("Ä ß 漢"), "same", "same"),
    ("4", user("Empty?"), "", "Not empty"),
]


def rows(*more: tuple[str, Any, str, str]) -> list[dict[str, Any]]:
    names = ("pair_id", "prompt", "response_a", "response_b")
    return [dict(zip(names, pair, strict=True)) for pair in (*PAIRS, *more)]


def counted(bench: WorkerBench, model: Path, pairs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    spec = TokenScoreSpec(model=str(model), pairs=bench.write("pairs.jsonl", pairs))
    done = bench.run("score_tokens", spec, "out")
    assert done.returncode == 0, done.stderr
    return {
        row["pair_id"]: {"shared": score["value"], **score["details"]}
        for row in bench.rows("out", "scores.jsonl")
        for score in row["scores"]
    }


def trl_counts(
    ml: MlChildren, bench: WorkerBench, model: Path, pairs: list[dict[str, Any]]
) -> list[dict[str, float]]:
    """From the columns of DPOTrainer's own prepared dataset."""
    (bench.folder / "oracle.json").write_text(json.dumps(pairs))
    files = (str(bench.folder / "oracle.json"), str(model), str(bench.folder / "trl"))
    said = ml.answer("tests.workers.tokens_oracle", *files)
    found: list[dict[str, float]] = json.loads(said.splitlines()[-1])
    return found


def test_it_works(bench: WorkerBench, ml: MlChildren, tiny_model: Path) -> None:
    found = counted(bench, tiny_model, rows())
    assert list(found) == ["1", "2", "3", "4"]
    assert list(found.values()) == trl_counts(ml, bench, tiny_model, rows())
    # One token a byte: the answers to the first differ after “Air scatters ”.
    assert found["1"]["shared"] == found["1"]["prompt"] + len("Air scatters ")
    assert found["3"]["shared"] == found["3"]["a"] == found["3"]["b"]
    environment = json.loads((bench.folder / "out" / "environment.json").read_text())
    assert environment["model_fingerprint"]
    assert environment["template_hash"]
    assert bench.rows("out", "progress.jsonl")[-1]["message"] == "4 of 4 pairs"


@pytest.mark.real_model
def test_a_real_tokenizer_agrees_with_trl(bench: WorkerBench, ml: MlChildren, real_model: Path) -> None:
    assert list(counted(bench, real_model, rows()).values()) == trl_counts(ml, bench, real_model, rows())


def test_a_prompt_that_the_template_refuses_has_no_tokens(bench: WorkerBench, tiny_model: Path) -> None:
    system = [{"role": "system", "content": "Be brief."}, *user("Hi")]
    picture = [{"role": "user", "content": [{"type": "image", "url": "x.png"}]}]
    found = counted(bench, tiny_model, rows(("5", system, "a", "b"), ("6", picture, "a", "b")))
    assert found["5"] == found["6"] == {"shared": 0}
    assert found["1"]["shared"] > 0


def test_a_second_run_counts_only_what_is_missing(bench: WorkerBench, tiny_model: Path) -> None:
    before = counted(bench, tiny_model, rows())
    file = bench.folder / "out" / "scores.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:2]) + lines[2][:9])  # killed in the middle of a row
    assert counted(bench, tiny_model, rows()) == before
    assert file.read_text() == "".join(lines)


def test_a_folder_without_a_tokenizer_is_named(bench: WorkerBench, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    spec = TokenScoreSpec(model=str(tmp_path), pairs=bench.write("pairs.jsonl", rows()))
    done = bench.run("score_tokens", spec, "out")
    assert (done.returncode, "cannot be loaded" in done.stderr) == (2, True)
