from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workers.chat_server import Body, Reply, said, serving
from tests.workers.conftest import WorkerBench, user, wait_for
from trainer_bridge.contracts import FailureRow, GenerateSpec, PromptRow
from trainer_bridge.workers import _io

WHOLE = b'{"key":"1","error":"e"}\n'


@pytest.mark.parametrize("tail", [b"", b'{"key":"2","er', b"\x00" * 9, b"x" * 200_000])
def test_a_torn_last_line_is_cut_off_and_whole_rows_stay(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "failures.jsonl"
    path.write_bytes(WHOLE * 2 + tail)
    rows = _io.Workspace(tmp_path, inputs=tmp_path).rows("failures.jsonl")
    rows.append(FailureRow(key="1", error="e"))
    assert path.read_bytes() == WHOLE * 3


def test_a_file_that_is_only_a_torn_line_becomes_empty(tmp_path: Path) -> None:
    (tmp_path / "failures.jsonl").write_bytes(b'{"ke')
    _io.Workspace(tmp_path, inputs=tmp_path).rows("failures.jsonl")
    assert (tmp_path / "failures.jsonl").read_bytes() == b""


def test_a_bad_input_row_is_named_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "prompts.jsonl").write_text('{"prompt_id":"1","messages":[]}\n')
    with pytest.raises(_io.UserError, match=r"prompts\.jsonl, line 1: messages: List should have at least 1"):
        list(_io.read_rows(tmp_path / "prompts.jsonl", PromptRow))


def test_two_workers_never_write_to_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_io, "LOCK_WAIT_SECONDS", 0)
    with (tmp_path / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(SystemExit, match="Another worker is still writing"):
            _io.Workspace(tmp_path, inputs=tmp_path).claim()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"backend": "openai"}, "the openai backend needs base_url"),
        ({"sampling": {"temperature": 0, "n": 4}}, "use n = 1"),
        ({"tempreature": 1}, "tempreature: Extra inputs are not permitted"),
        ({"prompts": "nowhere.jsonl"}, "No such file"),
    ],
)
def test_a_bad_spec_exits_2_and_says_why(
    light_bench: WorkerBench, change: dict[str, object], words: str
) -> None:
    spec = {"backend": "transformers", "model": "m", "prompts": "p.jsonl", **change}
    done = light_bench.run("generate", spec, "out")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def _never(_body: Body, _number: int) -> Reply:
    time.sleep(20)
    return said("too late")


def _slow_spec(bench: WorkerBench, url: str) -> GenerateSpec:
    prompts = bench.write("prompts.jsonl", [{"prompt_id": "1", "messages": user("hi")}])
    return GenerateSpec(backend="openai", model="m", prompts=prompts, base_url=url)


def test_sigterm_exits_3(light_bench: WorkerBench) -> None:
    with serving(_never) as server:
        worker = light_bench.start("generate", _slow_spec(light_bench, server.url), "out")
        wait_for(lambda: server.heard)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 3
        assert "Traceback" not in worker.communicate()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is a Linux feature")
def test_a_worker_ends_with_the_process_that_started_it(light_bench: WorkerBench) -> None:
    starter = (
        "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(99)"
    )
    with serving(_never) as server:
        command = [sys.executable, "-m"]
        command += light_bench.command("generate", _slow_spec(light_bench, server.url), "out")
        parent = subprocess.Popen(
            [sys.executable, "-c", starter, *command], stdout=subprocess.PIPE, text=True
        )
        assert parent.stdout is not None
        with parent.stdout:
            worker = int(parent.stdout.readline())
            wait_for(lambda: server.heard)
            parent.kill()
            parent.wait()
            wait_for(lambda: not _runs(worker), seconds=10)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
