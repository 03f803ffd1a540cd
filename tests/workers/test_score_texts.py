"""Scoring texts: the worker as the job runner starts it, without torch."""

from __future__ import annotations

from typing import Any

from curation.scorers import TEXTS
from tests.workers.conftest import WorkerBench, user, wait_for
from trainer_bridge.contracts import ExitCode, TextScoreSpec


def pair(number: int, **changes: Any) -> dict[str, Any]:
    texts = {"response_a": f"Answer {number}, the longer.", "response_b": f"Answer {number}."}
    return {"pair_id": str(number), "prompt": user("Why?"), **texts, **changes}


def scores(row: dict[str, Any]) -> dict[str, float]:
    return {score["scorer"]: score["value"] for score in row["scores"]}


def test_it_works(light_bench: WorkerBench) -> None:
    picture = [{"type": "image", "url": "x.png"}, {"type": "text", "text": "Что это?"}]
    rows = [
        pair(1),
        pair(2, response_a="", response_b="x"),
        pair(3, prompt=[{"role": "user", "content": picture}], response_a="Кот", response_b="A cat"),
    ]
    spec = TextScoreSpec(pairs=light_bench.write("pairs.jsonl", rows), scorers=list(TEXTS))
    done = light_bench.run("score_texts", spec, "out")
    assert done.returncode == 0, done.stderr
    found = {row["pair_id"]: row for row in light_bench.rows("out", "scores.jsonl")}
    assert list(found) == ["1", "2", "3"]
    assert all(list(scores(row)) == list(TEXTS) for row in found.values())
    assert scores(found["1"])["length_gap"] == len(", the longer")
    assert found["1"]["scores"][0] == {
        "scorer": "length_gap",
        "version": TEXTS["length_gap"].version,
        "value": 12.0,
        "details": {"a": 21.0, "b": 9.0},
    }
    assert scores(found["2"])["length_gap"] == -1
    assert scores(found["3"])["script_match"] == 1
    assert light_bench.rows("out", "progress.jsonl")[-1] == {"done": 3, "total": 3, "message": "3 of 3 pairs"}


def test_toxicity_goes_by_the_list_of_the_job(light_bench: WorkerBench) -> None:
    rows = [pair(1, response_a="Pfui!", response_b="Damn!")]
    spec = TextScoreSpec(
        pairs=light_bench.write("pairs.jsonl", rows), scorers=["toxicity"], toxic_words="words.txt"
    )
    (light_bench.folder / "words.txt").write_text("pfui\n", encoding="utf-8")
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    assert scores(light_bench.rows("out", "scores.jsonl")[0]) == {"toxicity": 1.0}
    english = spec.model_copy(update={"toxic_words": ""})
    assert light_bench.run("score_texts", english, "english").returncode == 0
    assert scores(light_bench.rows("english", "scores.jsonl")[0]) == {"toxicity": -1.0}


def test_a_response_that_is_known_to_be_cut_is_cut(light_bench: WorkerBench) -> None:
    path = light_bench.write(
        "pairs.jsonl", [pair(1), pair(2, is_cut=[True, False]), pair(3, is_cut=[True, True])]
    )
    spec = TextScoreSpec(pairs=path, scorers=["cut_ending", "length_gap"])
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    found = [scores(row) for row in light_bench.rows("out", "scores.jsonl")]
    assert [row["cut_ending"] for row in found] == [0, 1, 0]
    assert {row["length_gap"] for row in found} == {12}


def test_a_match_is_to_the_language_of_the_last_question(light_bench: WorkerBench) -> None:
    turns = [
        {"role": "user", "content": "Nenne mir bitte die Hauptstadt von Frankreich."},
        {"role": "assistant", "content": "Die Hauptstadt von Frankreich ist Paris."},
        {"role": "user", "content": "Please say the same in English, and nothing else."},
    ]
    answers = {"response_a": "The capital of France is Paris.", "response_b": turns[1]["content"]}
    path = light_bench.write("pairs.jsonl", [pair(1, prompt=turns, **answers)])
    spec = TextScoreSpec(pairs=path, scorers=["language_match"])
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    assert scores(light_bench.rows("out", "scores.jsonl")[0]) == {"language_match": 1.0}


def test_a_second_run_scores_only_what_is_missing(light_bench: WorkerBench) -> None:
    path = light_bench.write("pairs.jsonl", [pair(number) for number in range(5)])
    spec = TextScoreSpec(pairs=path, scorers=["length_gap"])
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    file = light_bench.folder / "out" / "scores.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:3]) + lines[3][:9])  # killed in the middle of a row
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    assert [row["pair_id"] for row in light_bench.rows("out", "scores.jsonl")] == list("01234")

    # Another scorer is missing from every row.
    more = TextScoreSpec(pairs=path, scorers=["length_gap", "refusal"])
    assert light_bench.run("score_texts", more, "out").returncode == 0
    rows = light_bench.rows("out", "scores.jsonl")
    assert [[*scores(row)] for row in rows] == [["length_gap"]] * 5 + [["refusal"]] * 5
    assert light_bench.run("score_texts", more, "out").returncode == 0
    assert len(light_bench.rows("out", "scores.jsonl")) == 10


def test_a_pair_is_scored_by_what_its_row_asks_for(light_bench: WorkerBench) -> None:
    rows = [pair(1, scorers=["refusal"]), pair(2), pair(3, scorers=["length_gap"])]
    path = light_bench.write("pairs.jsonl", rows)
    spec = TextScoreSpec(pairs=path, scorers=["length_gap", "refusal"])
    for _ in range(2):
        assert light_bench.run("score_texts", spec, "out").returncode == 0
        found = {row["pair_id"]: [*scores(row)] for row in light_bench.rows("out", "scores.jsonl")}
        assert found == {"1": ["refusal"], "2": ["length_gap", "refusal"], "3": ["length_gap"]}
    assert len(light_bench.rows("out", "scores.jsonl")) == 3


def test_a_row_that_asks_for_what_the_spec_does_not_name_is_refused(light_bench: WorkerBench) -> None:
    path = light_bench.write("pairs.jsonl", [pair(1, scorers=["refusal"])])
    done = light_bench.run("score_texts", TextScoreSpec(pairs=path, scorers=["length_gap"]), "out")
    assert done.returncode == 2
    assert done.stderr.strip() == "pairs.jsonl asks for refusal of pair 1, which the spec does not name."


def test_a_worker_that_is_told_to_stop_loses_nothing(light_bench: WorkerBench) -> None:
    long = "A sentence of some words, and another one. " * 30
    pairs = [pair(number, response_a=f"{long}{number}", response_b=long) for number in range(3000)]
    spec = TextScoreSpec(pairs=light_bench.write("pairs.jsonl", pairs), scorers=list(TEXTS))
    worker = light_bench.start("score_texts", spec, "out")
    path = light_bench.folder / "out" / "scores.jsonl"
    wait_for(lambda: path.exists() and path.stat().st_size)
    worker.terminate()
    assert worker.wait(20) == ExitCode.CANCELLED
    worker.communicate()
    before = light_bench.rows("out", "scores.jsonl")
    assert 0 < len(before) < len(pairs)
    assert light_bench.run("score_texts", spec, "out").returncode == 0
    rows = light_bench.rows("out", "scores.jsonl")
    assert rows[: len(before)] == before
    assert [row["pair_id"] for row in rows] == [row["pair_id"] for row in pairs]


def test_an_unknown_scorer_is_refused_in_words(light_bench: WorkerBench) -> None:
    spec = {"pairs": light_bench.write("pairs.jsonl", []), "scorers": ["ches"]}
    done = light_bench.run("score_texts", spec, "out")
    assert done.returncode == 2
    assert "ches cannot be computed from texts" in done.stderr
