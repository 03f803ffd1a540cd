"""The openai backend against a real vLLM server on this machine's CPU, which dies more than once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from config.services import free_port
from config.settings.env import BASE_DIR
from tests.site import wait_for
from tests.workers.conftest import WorkerBench, user
from trainer_bridge.contracts import GenerateSpec, Sampling

pytestmark = [pytest.mark.vllm, pytest.mark.real_model]

PROMPTS, DRAWS = 12, 2
START_SECONDS = 180.0


class VllmServer:
    """Started again whenever it dies, as a process manager would."""

    def __init__(self, model: Path, log: Path) -> None:
        self.port = free_port()
        self.starts = 0
        self._model = model
        self._log = log
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        self._keeper.start()
        wait_for(self.ready, START_SECONDS, self._log.read_text)

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """The API server and its engine, at once."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        self._over.set()
        self.kill()
        self._keeper.join()

    def _keep(self) -> None:
        command = [
            settings.VLLM_PYTHON, "-m", "vllm.entrypoints.openai.api_server", "--model", str(self._model),
            "--served-model-name", "smollm2", "--port", str(self.port), "--host", "127.0.0.1",
            "--dtype", "bfloat16", "--enforce-eager", "--max-model-len", "1024",
        ]  # fmt: skip
        environment = {
            **os.environ,
            "VLLM_CPU_KVCACHE_SPACE": "2",
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
        }
        while not self._over.is_set():
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    command, cwd=BASE_DIR, env=environment, stdout=log, stderr=log, start_new_session=True
                )
            self.starts += 1
            self._process.wait()


@contextmanager
def serving(model: Path, log: Path) -> Iterator[VllmServer]:
    if not Path(settings.VLLM_PYTHON).exists():
        pytest.skip(f"no vLLM environment at {settings.VLLM_PYTHON}; build it with `make vllm`")
    server = VllmServer(model, log)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_a_server_killed_in_the_middle_loses_nothing(
    light_bench: WorkerBench, real_model: Path, tmp_path: Path
) -> None:
    with serving(real_model, tmp_path / "vllm.log") as server:
        rows = [{"prompt_id": str(n), "messages": user(f"Name {n + 2} animals.")} for n in range(PROMPTS)]
        light_bench.write("prompts.jsonl", rows)
        spec = GenerateSpec(
            backend="openai",
            model="smollm2",
            base_url=f"http://127.0.0.1:{server.port}/v1",
            prompts=str(light_bench.folder / "prompts.jsonl"),
            # The seed itself brings the CPU engine down: the worker must notice and go on without it.
            sampling=Sampling(n=DRAWS, max_tokens=48, seed=1),
            concurrency=2,
            give_up_after_seconds=240,
        )
        process = light_bench.start("generate", spec, "out")
        wait_for(lambda: light_bench.rows("out", "responses.jsonl"), 240)
        starts = server.starts
        server.kill()
        _, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr
        assert server.starts > starts

    keys = [(row["prompt_id"], row["sample_index"]) for row in light_bench.rows("out", "responses.jsonl")]
    assert sorted(keys) == sorted((str(n), index) for n in range(PROMPTS) for index in range(DRAWS))
    assert light_bench.rows("out", "failures.jsonl") == []
    assert all(row["text"] for row in light_bench.rows("out", "responses.jsonl"))
