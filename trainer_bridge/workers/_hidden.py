"""Final hidden states of texts: no language-model head, no attention mask, and a shared beginning read once.

Texts are packed behind one another. Where a model's attention allows no packing they are padded on the right:
attention is causal, so no token that counts ever sees the padding, and without a mask the fastest attention
of every device applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from trainer_bridge.workers._io import UserError
from trainer_bridge.workers._models import LocalModel, by_tokens, in_batches, pad
from trainer_bridge.workers._packing import by_room, can_pack, pack, read_packed
from trainer_bridge.workers._pairs import Key

# A CPU is fastest while a batch's activations stay in its cache; a GPU wants to be filled.
TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 32_768}
NO_BLOCK = (
    "This model's last layer has no feed-forward block where one is looked for (`mlp`), so its angles cannot "
    "be read. Leave out the angle concentration."
)


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
    batches, read = (_by_prompt, _packed) if can_pack(loaded) else (_by_length, _padded)
    for batch in batches(texts, TOKENS_PER_BATCH[loaded.device.type]):
        for states in in_batches(batch, len(batch), lambda part: read(loaded, part, tap)):
            yield from states


def _by_prompt(texts: Sequence[Reading], room: int) -> Iterator[list[Reading]]:
    groups: dict[str, list[Reading]] = {}
    for text in texts:
        groups.setdefault(text.key[0], []).append(text)
    ordered = [text for group in groups.values() for text in group]
    for start, end in by_room(*_rows(ordered), room):
        yield ordered[start:end]


def _by_length(texts: Sequence[Reading], room: int) -> Iterator[list[Reading]]:
    return by_tokens(sorted(texts, key=lambda text: -len(text.ids)), lambda text: len(text.ids), room)


def _rows(texts: Sequence[Reading]) -> tuple[list[list[int]], list[str]]:
    return [text.ids for text in texts], [text.key[0] for text in texts]


def _packed(loaded: LocalModel, batch: Sequence[Reading], tap: Tap | None) -> list[tuple[Reading, States]]:
    row = pack(*_rows(batch))
    with torch.inference_mode():
        hidden = read_packed(loaded, loaded.model.base_model, row).last_hidden_state[0]
    inner = _row(tap, 0)
    return [
        (text, States(hidden[place[text.first :]], None if inner is None else inner[place]))
        for text, place in zip(batch, row.places, strict=True)
    ]


def _padded(loaded: LocalModel, batch: Sequence[Reading], tap: Tap | None) -> list[tuple[Reading, States]]:
    inputs = pad(loaded, [text.ids for text in batch], "right")["input_ids"]
    with torch.inference_mode():
        hidden = loaded.model.base_model(input_ids=inputs, use_cache=False).last_hidden_state
    found = []
    for place, (text, final) in enumerate(zip(batch, hidden, strict=True)):
        inner, end = _row(tap, place), len(text.ids)
        found.append((text, States(final[text.first : end], None if inner is None else inner[:end])))
    return found


def _row(tap: Tap | None, row: int) -> torch.Tensor | None:
    return None if tap is None or tap.seen is None else tap.seen[row]
