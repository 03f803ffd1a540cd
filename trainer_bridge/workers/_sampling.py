"""Sampling from local weights so that each row depends on its own seed alone, never on its batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import DynamicCache

from trainer_bridge.contracts import FailureRow, ResponseRow, Sampling
from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import LocalModel, RenderError, encode, in_batches, pad, render
from trainer_bridge.workers._packing import is_whole
from trainer_bridge.workers._prefixes import read_once
from trainer_bridge.workers._responses import Draw

NUCLEUS_CANDIDATES = 512


class SeededSampler:
    """A logits processor that chooses the token itself: temperature, nucleus, then inversion of one uniform.

    The uniforms come from one generator per row, drawn up front. The chosen token gets score 0 and all
    others −∞, so greedy decoding takes it. A row is the same in any batch, up to float rounding.
    """

    def __init__(self, seeds: Sequence[int], sampling: Sampling) -> None:
        uniforms = [np.random.default_rng(seed).random(sampling.max_tokens) for seed in seeds]
        self._uniforms = torch.tensor(np.array(uniforms), dtype=torch.float32)
        self._sampling = sampling
        self._step = 0
        self._verdict: torch.Tensor | None = None
        self._chosen: torch.Tensor | None = None

    def __call__(self, _input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        uniform = self._uniforms[:, self._step, None].to(scores.device)
        self._step += 1
        probabilities = torch.softmax(scores.float() / self._sampling.temperature, dim=-1)
        tokens = self._choose(probabilities, uniform)
        if self._verdict is None:
            self._verdict = torch.full_like(scores, -torch.inf)
        else:
            # Filling the whole vocabulary anew at each step would cost as much as the softmax.
            self._verdict.scatter_(1, self._chosen, -torch.inf)
        self._chosen = tokens
        return self._verdict.scatter_(1, tokens, 0.0)

    def _choose(self, probabilities: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """One token id per row, shape (rows, 1)."""
        if self._sampling.top_p == 1:
            cumulative = probabilities.cumsum(dim=-1)
            return _invert(cumulative, uniform * cumulative[:, -1:])
        # The nucleus nearly always lies in the first few hundred tokens; sorting all of them is the slow
        # way (as slow as the model's own step), so only the rows that need it are sorted.
        width = min(NUCLEUS_CANDIDATES, probabilities.shape[-1])
        ranked, order = probabilities.topk(width, dim=-1)
        tokens = self._from_nucleus(ranked, order, uniform)
        wide = (ranked.sum(dim=-1) < self._sampling.top_p).nonzero().flatten()
        if len(wide):
            ranked, order = probabilities[wide].sort(dim=-1, descending=True)
            tokens[wide] = self._from_nucleus(ranked, order, uniform[wide])
        return tokens

    def _from_nucleus(self, ranked: torch.Tensor, order: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
        """Spread the uniform over the shortest prefix of the ranking that reaches top_p."""
        cumulative = ranked.cumsum(dim=-1)
        reached = (cumulative < self._sampling.top_p).sum(dim=-1, keepdim=True)
        last = reached.clamp(max=cumulative.shape[-1] - 1)
        return order.gather(1, _invert(cumulative, uniform * cumulative.gather(1, last)))


def _invert(cumulative: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The first index whose cumulative probability exceeds the target."""
    index = torch.searchsorted(cumulative, target, right=True)
    return index.clamp(max=cumulative.shape[-1] - 1)


@dataclass(frozen=True)
class _Ready:
    draw: Draw
    ids: list[int]


def sample(
    loaded: LocalModel, draws: Sequence[Draw], sampling: Sampling, *, max_length: int, batch_size: int
) -> Iterator[list[ResponseRow] | FailureRow]:
    """Responses in batches, longest prompts first; what cannot be answered comes as a failure."""
    room = min(max_length, loaded.max_positions) - sampling.max_tokens
    if room < 1:
        raise UserError(
            f"max_tokens {sampling.max_tokens} leaves no room for a prompt in "
            f"{room + sampling.max_tokens} tokens. Lower max_tokens or raise max_length."
        )
    ready: list[_Ready] = []
    for draw in draws:
        try:
            ids = encode(loaded.tokenizer, render(loaded.tokenizer, draw.messages))
        except RenderError as error:
            yield FailureRow(key=draw.key, error=str(error))
            continue
        if len(ids) > room:
            reason = f"the prompt has {len(ids)} tokens; {room} fit beside max_tokens {sampling.max_tokens}"
            yield FailureRow(key=draw.key, error=reason)
        else:
            ready.append(_Ready(draw, ids))
    ready.sort(key=lambda item: -len(item.ids))
    yield from in_batches(ready, batch_size, lambda batch: _sample_batch(loaded, batch, sampling))


def _sample_batch(loaded: LocalModel, batch: Sequence[_Ready], sampling: Sampling) -> list[ResponseRow]:
    chooser = SeededSampler([item.draw.seed for item in batch], sampling) if sampling.temperature else None
    fresh = continuations(loaded, [item.ids for item in batch], sampling.max_tokens, chooser)
    return [_response(loaded, item.draw, ids) for item, ids in zip(batch, fresh, strict=True)]


def continuations(
    loaded: LocalModel, rows: Sequence[list[int]], max_tokens: int, chooser: SeededSampler | None = None
) -> list[list[int]]:
    """The new token ids of each row, up to `max_tokens`; greedy without a chooser."""
    inputs = pad(loaded, rows, "left")
    with torch.inference_mode():
        output = loaded.model.generate(
            **inputs,
            past_key_values=_prompts_read(loaded, rows),
            max_new_tokens=max_tokens,
            do_sample=False,
            logits_processor=[chooser] if chooser else [],
            pad_token_id=loaded.tokenizer.pad_token_id,
            # The checkpoint's own sampling defaults must not leak in.
            temperature=None,
            top_p=None,
            top_k=None,
            repetition_penalty=None,
        )
    fresh: list[list[int]] = output[:, inputs["input_ids"].shape[1] :].tolist()
    return fresh


def _prompts_read(loaded: LocalModel, rows: Sequence[list[int]]) -> DynamicCache | None:
    """All but the last token of each row read, equal rows once; None when there is nothing to gain."""
    number = {row: position for position, row in enumerate(dict.fromkeys(map(tuple, rows)))}
    cache = DynamicCache(config=loaded.model.config)
    if len(number) == len(rows) or max(map(len, rows)) < 2 or not is_whole(cache):
        return None
    distinct = pad(loaded, [list(row) for row in number], "left")
    beginnings = {name: value[:, :-1] for name, value in distinct.items()}
    read_once(loaded, beginnings, [number[tuple(row)] for row in rows], cache)
    return cache


def _end_tokens(loaded: LocalModel) -> set[int]:
    """Every token that ends a turn: generation configs hold one or a list."""
    ends = loaded.model.generation_config.eos_token_id
    listed = ends if isinstance(ends, list) else [ends]
    return {token for token in [*listed, loaded.tokenizer.eos_token_id] if token is not None}


def _response(loaded: LocalModel, draw: Draw, ids: list[int]) -> ResponseRow:
    ends = _end_tokens(loaded)
    length = next((position for position, token in enumerate(ids) if token in ends), None)
    said = ids[:length]
    return ResponseRow(
        prompt_id=draw.prompt_id,
        sample_index=draw.sample_index,
        text=loaded.tokenizer.decode(said, skip_special_tokens=True),
        finish_reason="length" if length is None else "stop",
        n_tokens=len(said),
        seed=draw.seed,
    )
