"""Sampling responses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainer_bridge.contracts.base import Dtype, Message, Strict


class PromptRow(Strict):
    """A row of `prompts.jsonl`: what to answer, and which sample indices already exist."""

    prompt_id: str
    messages: Annotated[list[Message], Field(min_length=1)]
    have: list[int] = []


class ResponseRow(Strict):
    """A row of `responses.jsonl`. (prompt_id, sample_index) is its natural key."""

    prompt_id: str
    sample_index: int
    text: str
    finish_reason: Literal["stop", "length"] | None = None
    n_tokens: int | None = None
    seed: int | None = None


class Sampling(Strict):
    """How responses are drawn. `temperature` 0 is greedy and then needs n = 1."""

    n: Annotated[int, Field(ge=1, le=64)] = 4
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.8
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_tokens: Annotated[int, Field(ge=1, le=8192)] = 256
    seed: int | None = 0

    @model_validator(mode="after")
    def _greedy_is_single(self) -> Sampling:
        if self.temperature == 0 and self.n > 1:
            raise ValueError("temperature 0 gives the same answer every time; use n = 1")
        return self


class GenerateSpec(Strict):
    """`generate`: sample responses for every row of `prompts`.

    `transformers` loads `model` (a local directory) in the worker; `openai` asks `base_url`
    (any OpenAI-compatible server) for the model of that name; `vllm` runs vLLM's offline engine.
    """

    backend: Literal["transformers", "openai", "vllm"]
    model: str
    prompts: str
    sampling: Sampling = Sampling()
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 2048
    batch_size: Annotated[int, Field(ge=1, le=512)] = 16
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    timeout_seconds: Annotated[float, Field(gt=0)] = 120
    give_up_after_seconds: Annotated[float, Field(gt=0)] = 300

    @model_validator(mode="after")
    def _endpoint_has_url(self) -> GenerateSpec:
        if self.backend == "openai" and not self.base_url:
            raise ValueError("the openai backend needs base_url")
        return self
