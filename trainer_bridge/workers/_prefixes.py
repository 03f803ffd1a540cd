"""Next-token log-probabilities of texts that begin alike, reading each shared beginning once.

Judging every pair of a prompt in both orders asks about the same left response again and again; its tokens,
and those of the rubric and the prompt before it, are most of the work.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from transformers import DynamicCache

from trainer_bridge.workers._models import LocalModel, pad
from trainer_bridge.workers._packing import can_pack, pack, read_packed


def next_logprobs(loaded: LocalModel, rows: Sequence[list[int]], leads: Sequence[Hashable]) -> torch.Tensor:
    """ln P(token | row) for each row, float32 of shape (rows, vocabulary).

    Neighbouring rows of equal `leads` share the longest beginning they have in common.
    """
    with torch.inference_mode():
        logits = _packed(loaded, rows, leads) if can_pack(loaded) else _padded(loaded, rows)
        return logits.float().log_softmax(dim=-1)


def _packed(loaded: LocalModel, rows: Sequence[list[int]], leads: Sequence[Hashable]) -> torch.Tensor:
    row = pack(rows, leads)
    ends = torch.stack([place[-1] for place in row.places]).to(loaded.device)
    logits: torch.Tensor = read_packed(loaded, loaded.model, row, logits_to_keep=ends).logits[0]
    return logits


def _padded(loaded: LocalModel, rows: Sequence[list[int]]) -> torch.Tensor:
    inputs = pad(loaded, rows, "left")
    output = loaded.model(
        **inputs, position_ids=running_positions(inputs["attention_mask"]), logits_to_keep=1, use_cache=False
    )
    logits: torch.Tensor = output.logits[:, -1]
    return logits


def read_once(
    loaded: LocalModel, beginnings: dict[str, torch.Tensor], of_row: Sequence[int], cache: DynamicCache
) -> None:
    """Fill the cache so that row i goes on from the padded beginning `of_row[i]`."""
    positions = running_positions(beginnings["attention_mask"])
    loaded.model.base_model(**beginnings, position_ids=positions, past_key_values=cache, use_cache=True)
    cache.batch_select_indices(torch.tensor(of_row, device=loaded.device))


def running_positions(mask: torch.Tensor) -> torch.Tensor:
    """The position of each token in its own row, padding not counted."""
    return (mask.cumsum(dim=-1) - 1).clamp(min=0)
