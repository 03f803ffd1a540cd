"""The estimator: trained on labels, held out by prompt, resumed after a stop."""

from __future__ import annotations

import json
import signal
from math import log
from pathlib import Path
from typing import Any

import pytest

from tests.workers.conftest import WorkerBench, user, wait_for
from trainer_bridge.contracts import EstimateResult, EstimateSpec

TEMPLATE = "Question: {prompt}\n\nAnswer A: {left}\n\nAnswer B: {right}\n\nWhich is better?"


def pair_of(number: int, winner: str = "", prompt: int | None = None, **fields: Any) -> dict[str, Any]:
    """The better response ends in a number, the worse one in a complaint."""
    good, bad = f"It is {number}, since {number} follows {number - 1}.", "No idea, leave me alone!!!"
    a, b = (good, bad) if number % 2 else (bad, good)
    return {
        "pair_id": str(number), "prompt": user(f"Which number follows {number - 1}?"),
        "response_a": a, "response_b": b, "prompt_id": number if prompt is None else prompt,
        "winner": winner, **fields,
    }  # fmt: skip


def labelled(count: int) -> list[dict[str, Any]]:
    return [pair_of(number, "a" if number % 2 else "b") for number in range(1, count + 1)]


def spec_of(bench: WorkerBench, model: Path, rows: list[dict[str, Any]], **fields: Any) -> EstimateSpec:
    return EstimateSpec(model=str(model), pairs=bench.write("pairs.jsonl", rows), template=TEMPLATE, **fields)


def estimated(bench: WorkerBench, out: str) -> dict[str, dict[str, Any]]:
    return {row.pop("pair_id"): row for row in bench.rows(out, "estimates.jsonl")}


def entropy(p: float) -> float:
    return -sum(x * log(x) for x in (p, 1 - p) if x > 0)


def test_it_works(bench: WorkerBench, tiny_model: Path) -> None:
    rows = [*labelled(20), pair_of(21), pair_of(22, "b", wanted=False)]
    done = bench.run("estimate", spec_of(bench, tiny_model, rows), "out")
    assert done.returncode == 0, done.stderr
    found = estimated(bench, "out")
    assert set(found) == {str(number) for number in range(1, 22)}
    for row in found.values():
        p = row["probability"]
        assert 0 <= row["bald"] <= entropy(p) + 1e-9
        assert 0 < row["variance"] < p * (1 - p) + 1e-9
        assert row["share"] * 10 == pytest.approx(round(row["share"] * 10))
        if row["share"] == 1:
            assert row["majority"] == (1 if p > 0.5 else -1)
    result = EstimateResult(**bench.result("out"))
    assert (result.labelled, result.estimated) == (21, 21)
    assert result.agree + result.contradict + result.undecided == 21
    sides = {str(row["pair_id"]): {"a": 1, "b": -1}[row["winner"]] for row in labelled(20)}
    right = sum(found[pair_id]["majority"] == side for pair_id, side in sides.items())
    assert right >= result.agree - 1
    assert result.log_loss > 0
    assert bench.rows("out", "progress.jsonl")[-1]["message"] == "22 of 22 pairs"


def test_no_pair_is_estimated_by_what_its_prompt_taught(bench: WorkerBench, tiny_model: Path) -> None:
    """Other labels for the pairs of one prompt change the estimates of others, and not theirs."""
    rows = [pair_of(number, "a" if number % 2 else "b", prompt=number // 2) for number in range(2, 26)]
    assert bench.run("estimate", spec_of(bench, tiny_model, rows), "before").returncode == 0
    turned = [
        row | {"winner": "b" if row["winner"] == "a" else "a"} if row["prompt_id"] == 5 else row
        for row in rows
    ]
    assert bench.run("estimate", spec_of(bench, tiny_model, turned), "after").returncode == 0
    before, after = estimated(bench, "before"), estimated(bench, "after")
    own = {row["pair_id"] for row in rows if row["prompt_id"] == 5}
    assert len(own) == 2
    assert all(before[pair_id] == after[pair_id] for pair_id in own)
    assert any(before[pair_id] != after[pair_id] for pair_id in before.keys() - own)


def test_a_stopped_worker_goes_on_and_comes_to_the_same(bench: WorkerBench, tiny_model: Path) -> None:
    rows = labelled(300)
    spec = spec_of(bench, tiny_model, rows, epochs=2)
    child = bench.start("estimate", spec, "out")
    wait_for(lambda: len(bench.rows("out", "features.jsonl")) > 5)
    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)
    assert child.returncode == 3
    kept = (bench.folder / "out" / "features.jsonl").read_text()
    assert 0 < kept.count("\n") < 300
    assert not bench.rows("out", "estimates.jsonl")
    # A kill in the middle of a line leaves half of it.
    (bench.folder / "out" / "features.jsonl").write_text(kept + '{"pair_id": "29')
    assert bench.run("estimate", spec, "out").returncode == 0
    assert (bench.folder / "out" / "features.jsonl").read_text().startswith(kept)
    assert bench.run("estimate", spec, "whole").returncode == 0
    resumed, whole = estimated(bench, "out"), estimated(bench, "whole")
    assert resumed.keys() == whole.keys()
    for pair_id, row in whole.items():
        assert resumed[pair_id]["probability"] == pytest.approx(row["probability"], abs=1e-3)


def test_what_cannot_be_shown_is_said_and_left_out(bench: WorkerBench, tiny_model: Path) -> None:
    picture = [{"role": "user", "content": [{"type": "image", "url": "x"}]}]
    long = user("word " * 400)
    rows = [*labelled(12), pair_of(13, "a", prompt=13) | {"prompt": picture}, pair_of(14) | {"prompt": long}]
    done = bench.run("estimate", spec_of(bench, tiny_model, rows, max_length=600), "out")
    assert done.returncode == 0, done.stderr
    reasons = {row["key"]: row["error"] for row in bench.rows("out", "failures.jsonl")}
    assert "image" in reasons["13"]
    assert "leave no room" in reasons["14"]
    assert len(estimated(bench, "out")) == 12


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([pair_of(number, "a", prompt=1) for number in range(1, 12)], "Judge pairs of more prompts"),
        ([pair_of(1) | {"prompt": [{"role": "user", "content": [{"type": "audio"}]}]}], "None of the pairs"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    bench: WorkerBench, tiny_model: Path, rows: list[dict[str, Any]], words: str
) -> None:
    done = bench.run("estimate", spec_of(bench, tiny_model, rows), "out")
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert not bench.rows("out", "estimates.jsonl")


@pytest.mark.real_model
def test_a_real_model_learns_what_the_labels_have_in_common(bench: WorkerBench, real_model: Path) -> None:
    """Fifty pairs, and ten that nobody labelled."""
    rows = [*labelled(50), *(pair_of(number) for number in range(51, 61))]
    done = bench.run("estimate", spec_of(bench, real_model, rows, folds=3), "out")
    assert done.returncode == 0, done.stderr
    result = EstimateResult(**bench.result("out"))
    assert result.agree >= 45, json.dumps(bench.result("out"))
    assert result.log_loss < log(2)
    found = estimated(bench, "out")
    unlabelled = [found[str(n)]["majority"] == (1 if n % 2 else -1) for n in range(51, 61)]
    assert sum(unlabelled) >= 8
