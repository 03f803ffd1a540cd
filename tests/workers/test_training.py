"""Training and evaluation with the tiny model: stopped, resumed, measured."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.workers.conftest import RUBRIC, WorkerBench, user, wait_for
from trainer_bridge.contracts import (
    EvaluateResult,
    EvaluateSpec,
    JudgeSpec,
    LoraSpec,
    Sampling,
    TrainArgs,
    TrainResult,
    TrainSpec,
)

STEPS = 12


def _rows(count: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "prompt": user(f"Tell me about {n}."),
            "chosen": [{"role": "assistant", "content": f"{n} is a fine number."}],
            "rejected": [{"role": "assistant", "content": "no " * (n % 5 + 1)}],
            "margin": 0.4,
            "pair_id": str(n),
        }
        for n in range(count)
    ]
    return rows


def _spec(bench: WorkerBench, model: Path, **change: Any) -> TrainSpec:
    too_long = {**_rows(1)[0], "prompt": user("far too long " * 30)}
    cut = {**_rows(1)[0], "chosen": [{"role": "assistant", "content": "long " * 60}]}
    return TrainSpec(
        base_model=str(model),
        dataset=bench.write("train.jsonl", [*_rows(15), too_long, cut]),
        lora=LoraSpec(r=4, alpha=8),
        args=TrainArgs(max_steps=STEPS, save_steps=4, max_length=200, learning_rate=1e-3),
        **change,
    )


def _stop_after_a_checkpoint(bench: WorkerBench, spec: TrainSpec) -> None:
    worker = bench.start("train", spec, "run")
    first = bench.folder / "run" / "checkpoints" / "checkpoint-4"
    wait_for((first / "tiebreak-complete").exists)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 3
    worker.communicate()


def test_a_stopped_run_goes_on_from_its_checkpoint_and_its_model_is_evaluated(
    bench: WorkerBench, tiny_model: Path
) -> None:
    spec = _spec(bench, tiny_model)
    _stop_after_a_checkpoint(bench, spec)
    assert not (bench.folder / "run" / "model").exists()
    assert not (bench.folder / "run" / "result.json").exists()
    # A checkpoint that a crash left half written must not be taken up.
    (bench.folder / "run" / "checkpoints" / "checkpoint-11").mkdir()

    done = bench.run("train", spec, "run")
    assert done.returncode == 0, done.stderr
    metrics = bench.rows("run", "metrics.jsonl")
    assert [row["step"] for row in metrics] == list(range(1, STEPS + 1))
    assert {"loss", "rewards/margins", "rewards/accuracies", "logps/chosen", "grad_norm"} <= set(
        metrics[-1]["values"]
    )
    last = bench.rows("run", "progress.jsonl")[-1]
    assert last == {
        "done": STEPS,
        "total": STEPS,
        "message": f"step {STEPS} of {STEPS}, 1 of 16 rows cut at 200 tokens",
    }
    result = TrainResult(**bench.result("run"))
    assert (result.train_steps, result.train_rows, result.dropped_rows) == (STEPS, 16, 1)
    assert result.loss_first == pytest.approx(0.6931, abs=1e-3)
    assert result.loss_last < result.loss_first
    assert result.margin_last > 0
    assert result.logps_chosen_change == pytest.approx(
        result.logps_chosen_last - result.logps_chosen_first, abs=1e-6
    )
    assert result.model_fingerprint != result.base_fingerprint

    _evaluate(bench, result.model_path, tiny_model)


def _evaluate(bench: WorkerBench, model: str, baseline: Path) -> None:
    prompts = [{"prompt_id": str(n), "messages": user(f"Tell me about {n}.")} for n in range(5)]
    judge = JudgeSpec(model=str(baseline), pairs="", template=RUBRIC, min_mass=0.0, max_length=800)
    spec = EvaluateSpec(
        model=model,
        baseline=str(baseline),
        prompts=bench.write("eval.jsonl", prompts),
        sampling=Sampling(n=1, max_tokens=24),
        judge=judge,
    )
    done = bench.run("evaluate", spec, "eval")
    assert done.returncode == 0, done.stderr
    result = EvaluateResult(**bench.result("eval"))
    assert result.eval_prompts == 5
    assert result.wins + result.losses + result.ties == result.judged + result.identical == 5
    assert result.win_rate_ci[0] <= result.win_rate <= result.win_rate_ci[1]
    assert result.model_fingerprint != result.baseline_fingerprint
    pairs = bench.rows("eval", "pairs.jsonl")
    answers = {row["prompt_id"]: row["text"] for row in bench.rows("eval", "responses_model.jsonl")}
    assert {pair["pair_id"]: pair["response_a"] for pair in pairs} == answers
    assert len(bench.rows("eval", "verdicts.jsonl")) == 2 * (5 - result.identical)
    assert bench.rows("eval", "progress.jsonl")[-1]["done"] == 20
    environment = json.loads((bench.folder / "eval" / "environment.json").read_text())
    assert environment["model_fingerprint"] == result.model_fingerprint


def test_full_fine_tuning_in_bfloat16_works_too(bench: WorkerBench, tiny_model: Path) -> None:
    spec = _spec(bench, tiny_model).model_copy(
        update={"lora": None, "dtype": "bfloat16", "args": TrainArgs(max_steps=2, max_length=200)}
    )
    done = bench.run("train", spec, "run")
    assert done.returncode == 0, done.stderr
    assert TrainResult(**bench.result("run")).train_steps == 2


def test_an_empty_dataset_is_refused(bench: WorkerBench, tiny_model: Path) -> None:
    spec = _spec(bench, tiny_model).model_copy(update={"dataset": bench.write("none.jsonl", [])})
    done = bench.run("train", spec, "run")
    assert done.returncode == 2
    assert "has no training rows" in done.stderr
