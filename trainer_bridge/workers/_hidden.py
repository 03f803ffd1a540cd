"""Final hidden states of texts: no language-model head, no attention mask, and a shared beginning read once.

Texts are padded on the right. Attention is causal, so no token that counts ever sees the padding, and without
a mask the fastest attention of every device applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache

from trainer_bridge.workers._models import LocalModel, by_tokens, in_batches, pad
from trainer_bridge.workers._prefixes import common_length, is_whole

# A CPU is fastest while a batch's activations stay in its cache; a GPU wants to be filled.
TOKENS_PER_BATCH = {"cpu": 1024, "cuda": 32_768}
# Reading a beginning on its own costs a pass that is too small to be fast; a GPU pays more for it.
LEAST_TO_SHARE = {"cpu": 32, "cuda": 1024}


Key = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """A prompt with a response, named by `key`, as tokens; wanted are the states from position `first` on."""

    key: Key
    ids: list[int]
    first: int


def hidden_states(loaded: LocalModel, texts: Sequence[Reading]) -> Iterator[tuple[Reading, torch.Tensor]]:
    """Every text with its final hidden states, of shape (len(ids) − first, d), in no particular order."""
    alone: list[Reading] = []
    for group in _by_prompt(texts):
        head = _head(group)
        if head >= LEAST_TO_SHARE[loaded.device.type] and _can_go_on(loaded):
            yield from in_turn(loaded, group, head)
        else:
            alone += group
    alone.sort(key=lambda text: -len(text.ids))
    for batch in by_tokens(alone, lambda text: len(text.ids), TOKENS_PER_BATCH[loaded.device.type]):
        for states in in_batches(batch, len(batch), lambda part: _padded(loaded, part)):
            yield from states


def in_turn(
    loaded: LocalModel, group: Sequence[Reading], head: int
) -> Iterator[tuple[Reading, torch.Tensor]]:
    """One text after another, each going on from the beginning of `head` tokens that they share."""
    cache = DynamicCache(config=loaded.model.config)
    (_,) = in_batches([group[0].ids[:head]], 1, lambda rows: _read(loaded, rows[0], cache))
    for text in group:
        (states,) = in_batches([text.ids[head:]], 1, lambda rows: _read(loaded, rows[0], cache))
        cache.crop(head - len(text.ids))
        yield text, states[text.first - head :]


def _read(loaded: LocalModel, ids: Sequence[int], cache: DynamicCache) -> torch.Tensor:
    inputs = torch.tensor([ids], device=loaded.device)
    with torch.inference_mode():
        output = loaded.model.base_model(input_ids=inputs, past_key_values=cache, use_cache=True)
    states: torch.Tensor = output.last_hidden_state[0]
    return states


def _padded(loaded: LocalModel, batch: Sequence[Reading]) -> list[tuple[Reading, torch.Tensor]]:
    inputs = pad(loaded, [text.ids for text in batch], "right")["input_ids"]
    with torch.inference_mode():
        hidden = loaded.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state
    return [(text, row[text.first : len(text.ids)]) for text, row in zip(batch, hidden, strict=True)]


def _by_prompt(texts: Sequence[Reading]) -> list[list[Reading]]:
    groups: dict[str, list[Reading]] = {}
    for text in texts:
        groups.setdefault(text.key[0], []).append(text)
    return list(groups.values())


def _head(group: Sequence[Reading]) -> int:
    """How many tokens may be read once for all: those in common before the first state that is wanted."""
    if len(group) < 2:
        return 0
    return min(common_length([text.ids for text in group]), *(text.first for text in group))


def _can_go_on(loaded: LocalModel) -> bool:
    return is_whole(DynamicCache(config=loaded.model.config))
