"""Pairs, and what a judge says of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer_bridge.contracts.base import Dtype, Message, Strict


class PairRow(Strict):
    """A row of `pairs.jsonl`: both continuations of one prompt, in canonical order. `is_cut`: whether it is
    known of each that it was cut at the length it was allowed."""

    pair_id: str
    prompt: Annotated[list[Message], Field(min_length=1)]
    response_a: str
    response_b: str
    is_cut: tuple[bool, bool] = (False, False)


class VerdictRow(Strict):
    """A row of `verdicts.jsonl`: one judge call. (pair_id, left) is its natural key.

    `p_left` is P(left response is better) from the two verdict tokens; None when unparsed. `mass`
    is the probability the judge gave to the two verdict tokens together.
    """

    pair_id: str
    left: Literal["a", "b"]
    parsed: bool
    p_left: float | None
    logprob_left: float | None
    logprob_right: float | None
    mass: float | None
    raw_text: str
    error: str = ""


class JudgeSpec(Strict):
    """`judge_pairs`: a pairwise verdict on every pair, in both orders.

    `template` holds the placeholders {prompt}, {left} and {right}; `verdicts` are the two labels the
    judge chooses between (left first); `prefill` opens the judge's turn, so that the very next token
    is the verdict.
    """

    backend: Literal["transformers", "openai"] = "transformers"
    model: str
    pairs: str
    template: str
    system: str = ""
    prefill: str = ""
    verdicts: tuple[str, str] = ("A", "B")
    min_mass: Annotated[float, Field(ge=0, le=1)] = 0.01
    dtype: Dtype = "float32"
    max_length: Annotated[int, Field(ge=8)] = 2048
    batch_size: Annotated[int, Field(ge=1, le=512)] = 8
    base_url: str = ""
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    timeout_seconds: Annotated[float, Field(gt=0)] = 120
