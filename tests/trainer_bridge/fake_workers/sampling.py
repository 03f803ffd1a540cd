"""A sampling worker without a model: it keeps the worker contract with nothing but the standard library."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Sampling:
    """The work of one `generate` spec: what is to do, and how its answers are written."""

    def __init__(self) -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("--spec", type=Path)
        parser.add_argument("--out", type=Path)
        args = parser.parse_args()
        self.out: Path = args.out
        self.spec: dict[str, Any] = json.loads(args.spec.read_text())
        environment = {"device_name": "Fake device", "model_fingerprint": "f1", "template_hash": "t1"}
        (self.out / "environment.json").write_text(json.dumps(environment))

    def todo(self) -> list[tuple[str, int]]:
        """Draws that neither the input nor an earlier run of this folder has."""
        prompts = [json.loads(line) for line in (self.out / self.spec["prompts"]).read_text().splitlines()]
        wanted = [
            (prompt["prompt_id"], index)
            for prompt in prompts
            for index in range(self.spec["sampling"]["n"])
            if index not in prompt["have"]
        ]
        return [draw for draw in wanted if draw not in set(self.written())]

    def written(self) -> Iterator[tuple[str, int]]:
        path = self.out / "responses.jsonl"
        for line in path.read_text().splitlines() if path.exists() else []:
            row = json.loads(line)
            yield row["prompt_id"], row["sample_index"]

    def answer(self, draw: tuple[str, int]) -> None:
        prompt, index = draw
        row = {"prompt_id": prompt, "sample_index": index, "text": f"Answer {index} to {prompt}."}
        self.append("responses.jsonl", row | {"finish_reason": "stop", "n_tokens": 5, "seed": None})

    def progress(self, done: int, total: int) -> None:
        self.append("progress.jsonl", {"done": done, "total": total, "message": f"{done} answered"})

    def append(self, name: str, row: dict[str, Any]) -> None:
        with (self.out / name).open("a") as file:
            file.write(json.dumps(row) + "\n")
