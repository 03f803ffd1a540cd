"""Sampling and judging over HTTP, in the environment without torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.workers.chat_server import Body, HangUpError, Reply, said, serving, trouble
from tests.workers.conftest import RUBRIC, WorkerBench, user
from trainer_bridge.contracts import GenerateSpec, JudgeSpec, Sampling
from trainer_bridge.workers._chat_api import trusted_with_key

PROMPTS = [{"prompt_id": str(n), "messages": user(f"Question {n}")} for n in range(6)]


def _spec(bench: WorkerBench, url: str, **change: Any) -> GenerateSpec:
    values = {
        "backend": "openai",
        "model": "tiny",
        "prompts": bench.write("prompts.jsonl", PROMPTS),
        "sampling": Sampling(n=2),
        "base_url": url,
        "concurrency": 4,
        **change,
    }
    return GenerateSpec(**values)


def _echo(body: Body, _number: int) -> Reply:
    return said(f"You said: {body['messages'][-1]['content']}")


def test_it_works(light_bench: WorkerBench) -> None:
    with serving(_echo) as server:
        done = light_bench.run("generate", _spec(light_bench, server.url), "out")
    assert done.returncode == 0, done.stderr
    rows = light_bench.rows("out", "responses.jsonl")
    assert {(row["prompt_id"], row["sample_index"]) for row in rows} == {
        (str(n), index) for n in range(6) for index in range(2)
    }
    assert all(row["text"] == f"You said: Question {row['prompt_id']}" for row in rows)
    assert len({row["seed"] for row in rows}) == 12
    assert rows[0]["n_tokens"] == 7
    assert light_bench.rows("out", "progress.jsonl")[-1]["message"] == "12 of 12 responses"


def test_what_is_there_already_is_not_asked_again(light_bench: WorkerBench) -> None:
    with serving(_echo) as server:
        spec = _spec(light_bench, server.url)
        light_bench.run("generate", spec, "out")
        (light_bench.folder / "prompts.jsonl").write_text("")
        light_bench.write(
            "prompts.jsonl", [*PROMPTS, {"prompt_id": "new", "messages": user("x"), "have": [1]}]
        )
        server.heard.clear()
        assert light_bench.run("generate", spec, "out").returncode == 0
        assert [body["messages"][0]["content"] for body in server.heard] == ["x"]
    rows = light_bench.rows("out", "responses.jsonl")
    assert len(rows) == 13
    assert (rows[-1]["prompt_id"], rows[-1]["sample_index"]) == ("new", 0)


@pytest.mark.parametrize("death", ["hang up", "error"])
def test_a_server_that_dies_of_seeds_is_asked_without_them_and_nothing_is_lost(
    light_bench: WorkerBench, death: str
) -> None:
    def reply(body: Body, number: int) -> Reply:
        if "seed" in body:
            if death == "hang up":
                raise HangUpError
            return trouble(500, "CPU Generator does not use offset")
        return _echo(body, number)

    with serving(reply) as server:
        done = light_bench.run("generate", _spec(light_bench, server.url), "out")
    assert done.returncode == 0, done.stderr
    rows = light_bench.rows("out", "responses.jsonl")
    assert len(rows) == 12
    assert {row["seed"] for row in rows} == {None}
    assert sum("seed" in body for body in server.heard) <= 4  # those that were under way at once


def test_busy_and_broken_answers_are_retried(light_bench: WorkerBench) -> None:
    def reply(body: Body, number: int) -> Reply:
        return {1: trouble(429, "slow down"), 2: trouble(502, "gone")}.get(number) or _echo(body, number)

    with serving(reply) as server:
        done = light_bench.run("generate", _spec(light_bench, server.url), "out")
    assert done.returncode == 0, done.stderr
    assert len(light_bench.rows("out", "responses.jsonl")) == 12
    assert light_bench.rows("out", "failures.jsonl") == []


def test_one_refused_prompt_is_a_counted_failure_with_its_reason(light_bench: WorkerBench) -> None:
    def reply(body: Body, number: int) -> Reply:
        if body["messages"][0]["content"] == "Question 3":
            return trouble(400, "maximum context length is 8")
        return _echo(body, number)

    with serving(reply) as server:
        done = light_bench.run("generate", _spec(light_bench, server.url), "out")
    assert done.returncode == 0, done.stderr
    failures = light_bench.rows("out", "failures.jsonl")
    assert sorted(row["key"] for row in failures) == ["3/0", "3/1"]
    assert "maximum context length is 8" in failures[0]["error"]
    last = light_bench.rows("out", "progress.jsonl")[-1]
    assert last == {"done": 12, "total": 12, "message": "10 of 12 responses, 2 failed"}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (trouble(401, "no"), "refuses the key in OPENAI_API_KEY"),
        (trouble(404, "no model tiny"), "does not know this address or the model tiny"),
        (trouble(503, "loading"), "loading) for 1 seconds. Finished responses are kept"),
    ],
)
def test_an_endpoint_that_answers_nobody_ends_the_work_in_words(
    light_bench: WorkerBench, reply: Reply, words: str
) -> None:
    with serving(lambda _body, _number: reply) as server:
        spec = _spec(light_bench, server.url, give_up_after_seconds=1)
        done = light_bench.run("generate", spec, "out")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_poisonous_prompt_does_not_stop_the_others(light_bench: WorkerBench) -> None:
    def reply(body: Body, number: int) -> Reply:
        if body["messages"][0]["content"] == "Question 0":
            return trouble(500, "crash")
        return _echo(body, number)

    with serving(reply) as server:
        spec = _spec(light_bench, server.url, give_up_after_seconds=1, sampling=Sampling(n=1), concurrency=2)
        done = light_bench.run("generate", spec, "out")
    assert done.returncode == 0, done.stderr
    assert len(light_bench.rows("out", "responses.jsonl")) == 5
    assert "crash" in light_bench.rows("out", "failures.jsonl")[0]["error"]


def _judge(bench: WorkerBench, reply: Callable[[Body, int], Reply], **change: Any) -> list[dict[str, Any]]:
    pairs = [{"pair_id": "p", "prompt": user("Why?"), "response_a": "First.", "response_b": "Second."}]
    with serving(reply) as server:
        spec = JudgeSpec(
            backend="openai",
            model="m",
            pairs=bench.write("pairs.jsonl", pairs),
            template=RUBRIC,
            base_url=server.url,
            concurrency=1,
            **change,
        )
        done = bench.run("judge_pairs", spec, "out")
    assert done.returncode == 0, done.stderr
    return sorted(bench.rows("out", "verdicts.jsonl"), key=lambda row: row["left"])


def test_a_judge_is_asked_in_both_orders(light_bench: WorkerBench) -> None:
    def reply(body: Body, _number: int) -> Reply:
        first_is_left = "Answer A: First." in body["messages"][-1]["content"]
        return said("A", [{"A": 0.6, "B": 0.2}] if first_is_left else [{"A": 0.1, "B": 0.3, " B": 0.1}])

    a, b = _judge(light_bench, reply)
    assert (a["left"], a["p_left"], a["mass"]) == ("a", pytest.approx(0.75), pytest.approx(0.8))
    assert (b["left"], b["p_left"]) == ("b", pytest.approx(0.2))
    assert a["parsed"]
    assert a["raw_text"] == "A"


def test_an_endpoint_that_cannot_continue_a_turn_is_asked_without_prefill(light_bench: WorkerBench) -> None:
    def reply(body: Body, _number: int) -> Reply:
        if "continue_final_message" in body:
            return trouble(400, "Unrecognized request argument: continue_final_message")
        return said("I say B", [{"I": 0.9, "x": 0.1}, {" say": 1.0}, {" B": 0.7, " A": 0.3}])

    a, b = _judge(light_bench, reply, prefill="My verdict:")
    assert a["p_left"] == b["p_left"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said("A"), "the endpoint returned no log-probabilities"),
        (said("Sorry, no", [{"Sorry": 0.99, ",": 0.01}]), "the answer holds neither verdict label"),
    ],
)
def test_an_answer_that_cannot_be_read_is_kept_with_its_text(
    light_bench: WorkerBench, answer: Reply, error: str
) -> None:
    rows = _judge(light_bench, lambda _body, _number: answer)
    assert [(row["parsed"], row["p_left"], row["error"]) for row in rows] == [(False, None, error)] * 2
    assert rows[0]["raw_text"] == answer[1]["choices"][0]["message"]["content"]
    assert light_bench.rows("out", "progress.jsonl")[-1]["message"] == "2 of 2 verdicts, 2 unparsed"


def test_a_rubric_without_placeholders_is_refused(light_bench: WorkerBench) -> None:
    spec = {"backend": "openai", "model": "m", "pairs": "pairs.jsonl", "template": "{prompt} {left}"}
    light_bench.write("pairs.jsonl", [])
    done = light_bench.run("judge_pairs", {**spec, "base_url": "http://localhost:1"}, "out")
    assert done.returncode == 2
    assert "lacks {right}" in done.stderr


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.openai.com/v1", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://api.openai.com@evil.example/v1", False),
        ("http://10.0.0.7:8000/v1", False),
    ],
)
def test_the_key_goes_to_named_hosts_only(monkeypatch: pytest.MonkeyPatch, url: str, trusted: bool) -> None:
    monkeypatch.delenv("OPENAI_API_HOSTS", raising=False)
    assert trusted_with_key(url) is trusted
    monkeypatch.setenv("OPENAI_API_HOSTS", "api.openai.com, 10.0.0.7")
    assert trusted_with_key("http://10.0.0.7:8000/v1")
