"""Several texts read as one row, without padding, the beginning that neighbours share read once.

Every part of a model but attention works on one token at a time, so texts may lie behind one another in a row
of any length. Only attention has to know which tokens belong together: it is replaced by one that goes
through the texts one by one, each with its own beginning before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from trainer_bridge.workers._models import LocalModel, common_beginning

ATTENTION = "text_by_text"


@dataclass(frozen=True)
class Packed:
    """One row of token ids with their positions, and for each text the places of its tokens in the row."""

    ids: list[int]
    positions: list[int]
    places: list[torch.Tensor]


def pack(rows: Sequence[Sequence[int]], leads: Sequence[Hashable]) -> Packed:
    """The rows as one; neighbours of equal `leads` share the longest beginning they have in common."""
    ids: list[int] = []
    positions: list[int] = []
    places: list[torch.Tensor] = []
    for group in _neighbours(rows, leads):
        head, begun = common_length(group), len(ids)
        ids += group[0][:head]
        positions += range(head)
        beginning = torch.arange(begun, begun + head)
        for row in group:
            places.append(torch.cat([beginning, torch.arange(len(ids), len(ids) + len(row) - head)]))
            ids += row[head:]
            positions += range(head, len(row))
    return Packed(ids, positions, places)


def by_room(rows: Sequence[Sequence[int]], leads: Sequence[Hashable], room: int) -> Iterator[tuple[int, int]]:
    """`(start, end)` of neighbouring rows that `room` tokens hold when they are packed, at least one each."""
    start = end = used = 0
    for group in _neighbours(rows, leads):
        head, is_read = common_length(group), False
        for row in group:
            cost = len(row) - head * is_read
            if end > start and used + cost > room:
                yield start, end
                start, used, cost = end, 0, len(row)
            used, end, is_read = used + cost, end + 1, True
    if end > start:
        yield start, end


def can_pack(loaded: LocalModel) -> bool:
    """Whether the model's attention is the usual one over everything before, and may be replaced."""
    model = loaded.model
    return (
        model.config._attn_implementation == "sdpa"
        and model.is_backend_compatible()
        and is_whole(DynamicCache(config=model.config))
    )


def read_packed(loaded: LocalModel, network: Any, packed: Packed, **options: Any) -> Any:
    """The output of `network`, the model or its body, for the packed row; rows of it are the row's tokens."""
    usual = loaded.model.config._attn_implementation
    loaded.model.set_attn_implementation(ATTENTION)
    try:
        return network(
            input_ids=torch.tensor([packed.ids], device=loaded.device),
            position_ids=torch.tensor([packed.positions], device=loaded.device),
            use_cache=False,
            places=[place.to(loaded.device) for place in packed.places],
            **options,
        )
    finally:
        loaded.model.set_attn_implementation(usual)


def text_by_text(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    *,
    places: Sequence[torch.Tensor],
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each text: (1, heads, tokens, d) in, (1, tokens, heads, d) out.

    A shared beginning is attended to with each text; it comes out the same every time.
    """
    batch, heads, tokens, _ = query.shape
    found = query.new_empty(batch, tokens, heads, value.shape[-1])
    for place in places:
        parts = (each[:, :, place] for each in (query, key, value))
        found[:, place], _ = sdpa_attention_forward(module, *parts, None, **options)
    return found, None


AttentionInterface.register(ATTENTION, text_by_text)


def is_whole(cache: DynamicCache) -> bool:
    """Whether it keeps all it read. A sliding window or a recurrent state cannot be read past padding in the
    middle, nor gone on from for other rows."""
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def common_length(rows: Sequence[Sequence[int]]) -> int:
    """The length of the beginning that several rows have in common; a row alone shares nothing."""
    return min((common_beginning(rows[0], row) for row in rows[1:]), default=0)


def _neighbours(rows: Sequence[Sequence[int]], leads: Sequence[Hashable]) -> list[list[Sequence[int]]]:
    pairs = groupby(zip(leads, rows, strict=True), lambda pair: pair[0])
    return [[row for _, row in group] for _, group in pairs]
