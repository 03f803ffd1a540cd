"""What `score_pairs` does when one of its computations cannot be done, and when it is cut off in between."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ml_children import MlChildren
from tests.workers.conftest import WorkerBench, user, wait_for
from tests.workers.test_local import pairs_of
from tests.workers.test_model_scores import everything, values
from trainer_bridge.contracts import ScoreSpec

PROMPT = ["Capital?"]
EMPTY = {"pair_id": "empty", "prompt": user("Why?"), "response_a": "", "response_b": "x"}


def changed(model: Path, folder: Path, **config: Any) -> Path:
    """The same weights with other settings."""
    shutil.copytree(model, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def granite(model: Path, folder: Path) -> Path:
    """As a Granite model, which divides its logits."""
    kind = {"model_type": "granite", "architectures": ["GraniteForCausalLM"]}
    return changed(model, folder, **kind, logits_scaling=8.0)


def refused(bench: WorkerBench, out: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((bench.folder / out / "refused.json").read_text())["reasons"]
    return found


def test_a_head_that_does_more_is_refused_and_the_rest_goes_on(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    model = granite(tiny_model, bench.folder / "granite")
    path = bench.write("pairs.jsonl", pairs_of(PROMPT))
    done = bench.run("score_pairs", everything(model, tiny_reference, path), "out")
    assert done.returncode == 0, done.stderr
    reasons = refused(bench, "out")
    assert set(reasons) == {"logprob", "entanglement", "log_ratio"}
    assert "Leave out the scores from log-probabilities." in reasons["logprob"]
    assert len(bench.rows("out", "scores.jsonl")) == 6
    found = values(bench, "out")["0-01"]
    assert set(found) == {"last_hidden_ip", "angle_concentration", "token_edit", "lora_entanglement"}
    assert bench.rows("out", "progress.jsonl")[-1]["done"] == 12  # six pairs, and six by gradients


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("nowhere", "There is no model in"),
        ("itself", "has the very weights of the first"),
        ("strange", "has other tokens than the first one's"),
        ("short", "reads 64 tokens at most, and the model was to read 128"),
    ],
)
def test_a_reference_that_will_not_do_is_refused_and_the_rest_goes_on(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path, which: str, words: str
) -> None:
    reference = bench.folder / which
    if which == "itself":
        shutil.copytree(tiny_model, reference)
    elif which == "strange":
        changed(tiny_reference, reference)
        text = (reference / "tokenizer.json").read_text()
        (reference / "tokenizer.json").write_text(text.replace("<|start|>", "<|begin|>"))
    elif which == "short":
        changed(tiny_reference, reference, max_position_embeddings=64)
    path = bench.write("pairs.jsonl", pairs_of(PROMPT))
    spec = everything(tiny_model, reference, path, scorers=["token_edit", "log_ratio"], max_length=128)
    done = bench.run("score_pairs", spec, "out")
    assert done.returncode == 0, done.stderr
    assert list(refused(bench, "out")) == ["log_ratio"]
    assert words in refused(bench, "out")["log_ratio"]
    assert len(bench.rows("out", "token_edit.jsonl")) == 6
    assert bench.rows("out", "log_ratio.jsonl") == []


def test_a_job_whose_only_computation_is_refused_ends_with_the_reason(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    reference = granite(tiny_reference, bench.folder / "granite")
    path = bench.write("pairs.jsonl", pairs_of(PROMPT))
    spec = everything(tiny_model, reference, path, scorers=["log_ratio"])
    done = bench.run("score_pairs", spec, "out")
    assert done.returncode == 2
    assert done.stderr.count("its head does more than multiply") == 1


def test_pairs_that_cannot_be_read_fail_once_and_the_passes_add_up(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    path = bench.write("pairs.jsonl", [*pairs_of(PROMPT), EMPTY])
    assert bench.run("score_pairs", everything(tiny_model, tiny_reference, path), "out").returncode == 0
    (failure,) = bench.rows("out", "failures.jsonl")
    assert failure == {"key": "empty", "error": "response a: the response is empty"}
    last = bench.rows("out", "progress.jsonl")[-1]
    assert (last["done"], last["total"]) == (21, 21)
    assert last["message"] == "7 of 7 pairs under the reference"


def test_work_goes_on_where_a_kill_left_it(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    """Killed in the middle of the last pass, the earlier ones are not done again, nor its own rows."""
    prompts = [f"Question {number}, or what?" for number in range(40)]
    path = bench.write("pairs.jsonl", pairs_of(prompts))
    spec = everything(tiny_model, tiny_reference, path, scorers=["log_ratio", "lora_entanglement", "ches"])
    child = bench.start("score_pairs", spec, "out")
    wait_for(lambda: bench.rows("out", "log_ratio.jsonl"), 120)
    child.kill()
    child.communicate()
    before = {name: bench.rows("out", name) for name in ("scores.jsonl", "lora_entanglement.jsonl")}
    assert all(len(rows) == 240 for rows in before.values())
    # As if most of the last pass had not been reached, whatever it got to, and a row was torn.
    ratios = bench.folder / "out" / "log_ratio.jsonl"
    lines = ratios.read_text().splitlines(keepends=True)
    ratios.write_text(lines[0] + lines[-1][:20])

    assert bench.run("score_pairs", spec, "out").returncode == 0
    assert {name: bench.rows("out", name) for name in before} == before
    again = bench.rows("out", "log_ratio.jsonl")
    assert len({row["pair_id"] for row in again}) == len(again) == 240
    assert json.dumps(again[0]) == json.dumps(json.loads(lines[0]))


def test_a_sample_is_scored_alone(bench: WorkerBench, tiny_model: Path) -> None:
    pairs = pairs_of(PROMPT)
    bench.write("sample.jsonl", pairs[:2])
    spec = ScoreSpec(
        model=str(tiny_model),
        pairs=bench.write("pairs.jsonl", []),
        sample="sample.jsonl",
        scorers=["lora_entanglement"],
    )
    assert bench.run("score_pairs", spec, "out").returncode == 0
    assert len(bench.rows("out", "lora_entanglement.jsonl")) == 2
    assert bench.rows("out", "progress.jsonl")[-1]["message"] == "2 of 2 pairs by gradients"


def test_a_model_without_the_block_has_no_angles(
    bench: WorkerBench, ml: MlChildren, tiny_model: Path
) -> None:
    folder = bench.folder / "opt"
    shutil.copytree(tiny_model, folder)
    (folder / "model.safetensors").unlink()
    ml.answer("tests.workers.opt_model", str(folder))
    path = bench.write("pairs.jsonl", pairs_of(PROMPT))
    spec = ScoreSpec(model=str(folder), pairs=path, scorers=["angle", "ches"])
    done = bench.run("score_pairs", spec, "out")
    assert done.returncode == 0, done.stderr
    assert "no feed-forward block" in refused(bench, "out")["angle"]
    assert len(bench.rows("out", "scores.jsonl")) == 6
