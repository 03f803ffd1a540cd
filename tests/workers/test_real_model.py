"""SmolLM2-135M-Instruct: what only a model that has learnt something can show."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ml_children import MlChildren
from tests.workers.conftest import WorkerBench, user
from tests.workers.test_local import SCORES, oracle, pairs_of
from trainer_bridge.contracts import (
    GenerateSpec,
    JudgeSpec,
    Sampling,
    ScoreSpec,
    TrainArgs,
    TrainResult,
    TrainSpec,
)

pytestmark = pytest.mark.real_model


def test_it_answers_the_question_and_ends_its_turn(bench: WorkerBench, real_model: Path) -> None:
    prompts = [{"prompt_id": "1", "messages": user("What is the capital of France? Answer in one word.")}]
    spec = GenerateSpec(
        backend="transformers",
        model=str(real_model),
        prompts=bench.write("prompts.jsonl", prompts),
        sampling=Sampling(n=1, temperature=0, max_tokens=40),
    )
    done = bench.run("generate", spec, "out")
    assert done.returncode == 0, done.stderr
    (row,) = bench.rows("out", "responses.jsonl")
    assert "Paris" in row["text"]
    assert "<|im_end|>" not in row["text"]
    assert row["finish_reason"] == "stop"


def test_its_verdicts_hold_real_mass_and_its_ches_matches_the_oracle(
    bench: WorkerBench, ml: MlChildren, real_model: Path
) -> None:
    pairs = pairs_of(["What is the capital of France?"])
    path = bench.write("pairs.jsonl", pairs)
    judge = JudgeSpec(
        model=str(real_model),
        pairs=path,
        template="Question: {prompt}\n\nA: {left}\n\nB: {right}\n\nWhich is better? Reply with A or B.",
        prefill="The better answer is",
    )
    done = bench.run("judge_pairs", judge, "verdicts")
    assert done.returncode == 0, done.stderr
    verdicts = bench.rows("verdicts", "verdicts.jsonl")
    assert len(verdicts) == 2 * len(pairs)
    assert sum(row["parsed"] for row in verdicts) >= len(pairs)

    done = bench.run("score_pairs", ScoreSpec(model=str(real_model), pairs=path), "scores")
    assert done.returncode == 0, done.stderr
    rows = {row["pair_id"]: row for row in bench.rows("scores", "scores.jsonl")}
    for pair_id, scores in oracle(ml, real_model, bench.folder / path, 512).items():
        assert {name: rows[pair_id][name] for name in SCORES} == pytest.approx(scores, rel=1e-4)


def test_two_steps_of_dpo_change_its_weights(bench: WorkerBench, real_model: Path) -> None:
    rows = [
        {
            "prompt": user(f"Tell me about {n}."),
            "chosen": [{"role": "assistant", "content": f"{n} is a fine number."}],
            "rejected": [{"role": "assistant", "content": "I will not say."}],
        }
        for n in range(8)
    ]
    spec = TrainSpec(
        base_model=str(real_model),
        dataset=bench.write("train.jsonl", rows),
        args=TrainArgs(max_steps=2, learning_rate=2e-4),
    )
    done = bench.run("train", spec, "run")
    assert done.returncode == 0, done.stderr
    result = TrainResult(**bench.result("run"))
    assert result.loss_last < result.loss_first
    assert result.logps_chosen_change != 0
    assert result.model_fingerprint != result.base_fingerprint
