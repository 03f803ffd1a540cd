"""Which responses are still missing, the seed of each, and where they go."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_bridge.contracts import FailureRow, Message, PromptRow, ResponseRow, Sampling
from trainer_bridge.workers._io import JsonLines, Tally, Workspace, read_rows


@dataclass(frozen=True)
class Draw:
    """One response to sample: the natural key (prompt, index) and the seed derived from it."""

    prompt_id: str
    messages: Sequence[Message]
    sample_index: int
    seed: int

    @property
    def key(self) -> str:
        return f"{self.prompt_id}/{self.sample_index}"


def draws_for(prompts: Sequence[PromptRow], sampling: Sampling, finished: set[tuple[str, int]]) -> list[Draw]:
    """The responses that neither the spec's `have` nor an earlier attempt holds."""
    base = secrets.randbits(32) if sampling.seed is None else sampling.seed
    return [
        Draw(row.prompt_id, row.messages, index, row_seed(base, row.prompt_id, index))
        for row in prompts
        for index in range(sampling.n)
        if index not in row.have and (row.prompt_id, index) not in finished
    ]


def row_seed(base: int, prompt_id: str, sample_index: int) -> int:
    """A 31-bit seed (endpoints take no more) that names one sample of one prompt under one base seed."""
    digest = hashlib.sha256(f"{base}:{prompt_id}:{sample_index}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class ResponseFile:
    """The responses of one model, appended as they come; `finished` are the keys of an earlier attempt."""

    def __init__(self, workspace: Workspace, name: str = "responses.jsonl") -> None:
        self._rows: JsonLines = workspace.rows(name)
        self._path = workspace.folder / name
        self.finished = {(row.prompt_id, row.sample_index) for row in self.read()}

    def read(self) -> list[ResponseRow]:
        return list(read_rows(self._path, ResponseRow))

    def record(self, result: list[ResponseRow] | FailureRow, failures: JsonLines, tally: Tally) -> None:
        if isinstance(result, FailureRow):
            failures.append(result)
            tally.add(failed=1)
        else:
            self._rows.append(*result)
            tally.add(len(result))
