"""What `score_pairs` computes beside CHES, against the slow way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from curation.scorers import MODEL_SCORERS
from tests.ml_children import MlChildren
from tests.workers.conftest import WorkerBench, user
from tests.workers.test_local import SCORES, TEXTS, oracle, pairs_of
from trainer_bridge.contracts import Computation, ScoreSpec

ALL = list(get_args(Computation))
OTHERS = [name for name in ALL if name != "ches"]


def values(bench: WorkerBench, out: str) -> dict[str, dict[str, float]]:
    """Every score of every pair, from all files."""
    found: dict[str, dict[str, float]] = {}
    for name in OTHERS:
        for row in bench.rows(out, f"{name}.jsonl"):
            for score in row["scores"]:
                found.setdefault(row["pair_id"], {})[score["scorer"]] = score["value"]
    return found


def check(bench: WorkerBench, out: str, expected: dict[str, dict[str, float]]) -> None:
    found = values(bench, out)
    assert set(found) == set(expected)
    for pair_id, scores in expected.items():
        assert found[pair_id] == pytest.approx(scores, rel=1e-3, abs=1e-4), pair_id


def everything(model: Path, reference: Path, pairs: str, **changes: Any) -> ScoreSpec:
    """All computations, the gradients for all pairs."""
    fields = {"model": str(model), "reference": str(reference), "pairs": pairs, "sample": pairs}
    return ScoreSpec.model_validate({**fields, "scorers": ALL, **changes})


def test_it_works(bench: WorkerBench, ml: MlChildren, tiny_model: Path, tiny_reference: Path) -> None:
    pairs = pairs_of(["Capital?", "What is the capital of France? " * 3])
    path = bench.write("pairs.jsonl", pairs)
    spec = everything(tiny_model, tiny_reference, path, max_length=180)
    done = bench.run("score_pairs", spec, "out")
    assert done.returncode == 0, done.stderr
    expected = oracle(ml, tiny_model, bench.folder / path, 180, "scores_oracle", str(tiny_reference))
    check(bench, "out", expected)
    said = json.loads((bench.folder / "out" / "environment.json").read_text())
    assert len({said["model_fingerprint"], said["reference_fingerprint"]} - {""}) == 2
    rows = {row["pair_id"]: row for row in bench.rows("out", "scores.jsonl")}
    for pair_id, scores in oracle(ml, tiny_model, bench.folder / path, 180).items():
        assert {name: rows[pair_id][name] for name in SCORES} == pytest.approx(scores, rel=1e-4, abs=1e-4)
    (edit,) = bench.rows("out", "token_edit.jsonl")[0]["scores"]
    assert edit["details"] == {"n_a": len(TEXTS[0]), "n_b": len(TEXTS[1])}  # one token a byte
    assert {name for scores in values(bench, "out").values() for name in scores} == {
        scorer.name for scorer in MODEL_SCORERS if scorer.computation != "ches"
    }


def test_only_what_is_asked_for_is_written_and_only_what_is_missing_again(
    bench: WorkerBench, tiny_model: Path
) -> None:
    odd = {"pair_id": "empty", "prompt": user("Why?"), "response_a": "", "response_b": "x"}
    path = bench.write("pairs.jsonl", [*pairs_of(["Capital?"]), odd])
    spec = ScoreSpec(model=str(tiny_model), pairs=path, scorers=["token_edit"])
    assert bench.run("score_pairs", spec, "out").returncode == 0
    assert bench.rows("out", "scores.jsonl") == []
    before = bench.rows("out", "token_edit.jsonl")
    assert len(before) == 6
    assert [row["key"] for row in bench.rows("out", "failures.jsonl")] == ["empty"]

    more: dict[str, Any] = {"scorers": ["token_edit", "logprob"]}
    assert bench.run("score_pairs", spec.model_copy(update=more), "out").returncode == 0
    assert bench.rows("out", "token_edit.jsonl") == before
    assert len(bench.rows("out", "logprob.jsonl")) == 6
    assert bench.rows("out", "progress.jsonl")[-1]["message"] == "6 of 7 pairs, 1 failed"


def test_each_pair_is_read_for_what_its_row_asks_for(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    """The scores are those of a job that makes all of them, and every other pair lacks its row."""
    asked = [["ches"], ["log_ratio", "angle"], ["entanglement", "token_edit"], [], ["logprob"], ["log_ratio"]]
    pairs = pairs_of(["Capital?"])
    path = bench.write(
        "pairs.jsonl", [pair | {"scorers": names} for pair, names in zip(pairs, asked, strict=True)]
    )
    names = [name for name in ALL if name != "lora_entanglement"]
    done = bench.run(
        "score_pairs", everything(tiny_model, tiny_reference, path, scorers=names, sample=""), "out"
    )
    assert done.returncode == 0, done.stderr
    last = bench.rows("out", "progress.jsonl")[-1]
    assert (last["done"], last["total"]) == (9, 9)  # six pairs, three of them under the reference too

    whole = bench.write("whole.jsonl", pairs)
    bench.run("score_pairs", everything(tiny_model, tiny_reference, whole, scorers=names, sample=""), "whole")
    for name in names:
        file = "scores.jsonl" if name == "ches" else f"{name}.jsonl"
        rows = {row["pair_id"]: row for row in bench.rows("out", file)}
        wanted = {pair["pair_id"] for pair, of in zip(pairs, asked, strict=True) if name in of or not of}
        assert set(rows) == wanted, name
        expected = {row["pair_id"]: row for row in bench.rows("whole", file)}
        assert all(numbers(rows[pk]) == pytest.approx(numbers(expected[pk]), rel=1e-5) for pk in wanted), name


def numbers(row: dict[str, Any]) -> list[float]:
    if "scores" in row:
        return [score["value"] for score in row["scores"]]
    return [value for value in row.values() if isinstance(value, float)]


def test_the_same_response_twice_is_as_alike_as_can_be(
    bench: WorkerBench, tiny_model: Path, tiny_reference: Path
) -> None:
    """Two texts that differ after the cut are one and the same to the model."""
    pair = {
        "pair_id": "1",
        "prompt": user("Why?"),
        "response_a": "no " * 80 + "a",
        "response_b": "no " * 80 + "b",
    }
    path = bench.write("pairs.jsonl", [pair])
    spec = everything(tiny_model, tiny_reference, path, max_length=100)
    assert bench.run("score_pairs", spec, "out").returncode == 0
    found = values(bench, "out")["1"]
    assert found["perplexity_gap"] == pytest.approx(0, abs=1e-3)
    assert found["implicit_reward_gap"] == pytest.approx(0, abs=1e-4)
    assert found["lora_entanglement"] == pytest.approx(1, rel=1e-5)
    assert found["token_edit"] == 0
    assert found["logp_gap"] == pytest.approx(0, abs=1e-4)
    assert found["entanglement"] == pytest.approx(1, rel=1e-5)


@pytest.mark.real_model
def test_a_real_model_agrees_with_the_slow_way(
    bench: WorkerBench, ml: MlChildren, real_model: Path, real_reference: Path
) -> None:
    path = bench.write("pairs.jsonl", pairs_of(["What is the capital of France?"]))
    done = bench.run("score_pairs", everything(real_model, real_reference, path), "out")
    assert done.returncode == 0, done.stderr
    expected = oracle(ml, real_model, bench.folder / path, 512, "scores_oracle", str(real_reference))
    check(bench, "out", expected)
