"""What every worker and its caller share."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Dtype = Literal["float32", "bfloat16"]


Role = Literal["system", "user", "assistant", "tool"]


class ExitCode(IntEnum):
    """Exit statuses of a worker; any other value is a crash."""

    DONE = 0
    BAD_SPEC = 2
    CANCELLED = 3


class Strict(BaseModel):
    """A spec with an unknown or misspelt key is refused rather than half obeyed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Message(BaseModel):
    """One chat turn. Content is text, or the typed parts of a multimodal turn."""

    model_config = ConfigDict(extra="allow", frozen=True)

    role: Role
    content: str | list[dict[str, Any]]


class FailureRow(Strict):
    """A row of `failures.jsonl`: work that was tried and given up, with the reason in words."""

    key: str
    error: str


class Progress(BaseModel):
    """A row of `progress.jsonl`."""

    done: int
    total: int
    message: str = ""


class Environment(BaseModel):
    """`environment.json`: what a result was made with."""

    python: str
    packages: dict[str, str]
    device: str
    device_name: str
    dtype: str
    model_fingerprint: str
    template_hash: str = ""
    reference_fingerprint: str = ""
