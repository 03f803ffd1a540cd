"""Questions that begin alike are read together: what comes out must not depend on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.workers.conftest import RUBRIC, WorkerBench, user
from tests.workers.test_local import pairs_of
from trainer_bridge.contracts import GenerateSpec, JudgeSpec, Sampling

PROMPTS = ["Where is the Eiffel tower?", "Name a capital of a country, " + "any country, " * 20]


def verdicts(bench: WorkerBench, model: Path, batch_size: int) -> dict[tuple[str, str], float]:
    spec = JudgeSpec(
        model=str(model),
        pairs=bench.write("pairs.jsonl", pairs_of(PROMPTS)),
        template=RUBRIC,
        prefill="Verdict:",
        min_mass=0.0,
        batch_size=batch_size,
    )
    done = bench.run("judge_pairs", spec, f"by{batch_size}")
    assert done.returncode == 0, done.stderr
    rows = bench.rows(f"by{batch_size}", "verdicts.jsonl")
    return {(row["pair_id"], row["left"]): row["p_left"] for row in rows}


@pytest.mark.parametrize("sliding_window", [None, 256])
def test_a_verdict_is_the_same_alone_and_in_company(
    bench: WorkerBench, tiny_model: Path, tmp_path: Path, sliding_window: int | None
) -> None:
    model = tmp_path / "judge"
    shutil.copytree(tiny_model, model)
    if sliding_window:
        config = json.loads((model / "config.json").read_text())
        mistral = {"model_type": "mistral", "architectures": ["MistralForCausalLM"]}
        (model / "config.json").write_text(
            json.dumps({**config, **mistral, "sliding_window": sliding_window})
        )
    alone, together = (verdicts(bench, model, size) for size in (1, 32))
    assert len(alone) == 2 * len(pairs_of(PROMPTS))
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(alone.values())) == len(alone)


def test_samples_of_one_prompt_are_the_same_alone_and_in_company(
    bench: WorkerBench, tiny_model: Path
) -> None:
    prompts = [{"prompt_id": str(n), "messages": user(text)} for n, text in enumerate(PROMPTS)]
    spec = GenerateSpec(
        backend="transformers",
        model=str(tiny_model),
        prompts=bench.write("prompts.jsonl", prompts),
        sampling=Sampling(n=4, max_tokens=24),
    )
    texts = []
    for size in (1, 3, 8):
        done = bench.run("generate", spec.model_copy(update={"batch_size": size}), f"by{size}")
        assert done.returncode == 0, done.stderr
        rows = bench.rows(f"by{size}", "responses.jsonl")
        texts.append({(row["prompt_id"], row["sample_index"]): row["text"] for row in rows})
    assert texts[0] == texts[1] == texts[2]
    assert len(set(texts[0].values())) == 8
