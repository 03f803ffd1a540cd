"""Final hidden states of texts: no language-model head, no attention mask, and a shared beginning read once.

Texts are padded on the right. Attention is causal, so no token that counts ever sees the padding, and without
a mask the fastest attention of every device applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache

from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import LocalModel, by_tokens, in_batches, pad
from trainer_bridge.workers._prefixes import common_length, is_whole

# A CPU is fastest while a batch's activations stay in its cache; a GPU wants to be filled.
TOKENS_PER_BATCH = {"cpu": 1024, "cuda": 32_768}
# Reading a beginning on its own costs a pass that is too small to be fast; a GPU pays more for it.
LEAST_TO_SHARE = {"cpu": 32, "cuda": 1024}
NO_BLOCK = (
    "This model's last layer has no feed-forward block where one is looked for (`mlp`), so its angles cannot "
    "be read. Leave out the angle concentration."
)

Key = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """A prompt with a response, named by `key`, as tokens; wanted are the states from position `first` on."""

    key: Key
    ids: list[int]
    first: int

    @property
    def response(self) -> list[int]:
        """The tokens that the wanted states predict."""
        return self.ids[self.first + 1 :]


@dataclass(frozen=True)
class States:
    """Of one text: the final hidden states from `first` on, (len(ids) − first, d), and, where a tap is set,
    what the last layer's feed-forward block reads at every position, (len(ids), d)."""

    final: torch.Tensor
    inner: torch.Tensor | None = None


class Tap:
    """Keeps what the last layer's feed-forward block reads: `seen`, of the newest forward pass."""

    def __init__(self, loaded: LocalModel) -> None:
        body = loaded.model.base_model
        layers = getattr(body, "layers", None) or getattr(body, "h", None)
        block = getattr(layers[-1], "mlp", None) if layers else None
        if block is None:
            raise UserError(NO_BLOCK)
        self.seen: torch.Tensor | None = None
        block.register_forward_pre_hook(self._keep)

    def _keep(self, _block: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self.seen = inputs[0].detach()


def hidden_states(
    loaded: LocalModel, texts: Sequence[Reading], tap: Tap | None = None
) -> Iterator[tuple[Reading, States]]:
    """Every text with its states, in no particular order."""
    alone: list[Reading] = []
    for group in _by_prompt(texts):
        head = _head(group)
        if head >= LEAST_TO_SHARE[loaded.device.type] and _can_go_on(loaded):
            yield from in_turn(loaded, group, head, tap)
        else:
            alone += group
    alone.sort(key=lambda text: -len(text.ids))
    for batch in by_tokens(alone, lambda text: len(text.ids), TOKENS_PER_BATCH[loaded.device.type]):
        for states in in_batches(batch, len(batch), lambda part: _padded(loaded, part, tap)):
            yield from states


def in_turn(
    loaded: LocalModel, group: Sequence[Reading], head: int, tap: Tap | None = None
) -> Iterator[tuple[Reading, States]]:
    """One text after another, each going on from the beginning of `head` tokens that they share."""
    cache = DynamicCache(config=loaded.model.config)
    (_,) = in_batches([group[0].ids[:head]], 1, lambda rows: _read(loaded, rows[0], cache))
    shared = _row(tap, 0)
    for text in group:
        (states,) = in_batches([text.ids[head:]], 1, lambda rows: _read(loaded, rows[0], cache))
        cache.crop(head - len(text.ids))
        own = _row(tap, 0)
        inner = None if shared is None or own is None else torch.cat([shared, own])
        yield text, States(states[text.first - head :], inner)


def _read(loaded: LocalModel, ids: Sequence[int], cache: DynamicCache) -> torch.Tensor:
    inputs = torch.tensor([ids], device=loaded.device)
    with torch.inference_mode():
        output = loaded.model.base_model(input_ids=inputs, past_key_values=cache, use_cache=True)
    states: torch.Tensor = output.last_hidden_state[0]
    return states


def _row(tap: Tap | None, row: int) -> torch.Tensor | None:
    return None if tap is None or tap.seen is None else tap.seen[row]


def _padded(loaded: LocalModel, batch: Sequence[Reading], tap: Tap | None) -> list[tuple[Reading, States]]:
    inputs = pad(loaded, [text.ids for text in batch], "right")["input_ids"]
    with torch.inference_mode():
        hidden = loaded.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state
    found = []
    for place, (text, final) in enumerate(zip(batch, hidden, strict=True)):
        inner, end = _row(tap, place), len(text.ids)
        found.append((text, States(final[text.first : end], None if inner is None else inner[:end])))
    return found


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
