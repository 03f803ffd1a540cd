"""Next-token log-probabilities of texts that begin alike, reading each shared beginning once.

Judging every pair of a prompt in both orders asks about the same left response again and again; its tokens,
and those of the rubric and the prompt before it, are most of the work.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import groupby, takewhile

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from trainer_bridge.workers._models import LocalModel, pad


def next_logprobs(loaded: LocalModel, rows: Sequence[list[int]], leads: Sequence[Hashable]) -> torch.Tensor:
    """ln P(token | row) for each row, float32 of shape (rows, vocabulary).

    Neighbouring rows of equal `leads` share the longest beginning they have in common. Each row keeps at
    least its last token for itself.
    """
    cache = DynamicCache(config=loaded.model.config)
    with torch.inference_mode():
        logits = _shared(loaded, rows, leads, cache) if is_whole(cache) else _plain(loaded, rows)
        return logits.float().log_softmax(dim=-1)


def _plain(loaded: LocalModel, rows: Sequence[list[int]]) -> torch.Tensor:
    inputs = pad(loaded, rows, "left")
    output = loaded.model(
        **inputs, position_ids=running_positions(inputs["attention_mask"]), logits_to_keep=1, use_cache=False
    )
    return output.logits[:, -1]


def _shared(
    loaded: LocalModel, rows: Sequence[list[int]], leads: Sequence[Hashable], cache: DynamicCache
) -> torch.Tensor:
    """Beginnings padded on the right, then endings padded on the left: both keep what they need in place."""
    groups = [[index for index, _ in group] for _, group in groupby(enumerate(leads), lambda item: item[1])]
    shared = [common_length([rows[index] for index in group]) for group in groups]
    heads = pad(loaded, [rows[group[0]][:size] for group, size in zip(groups, shared, strict=True)], "right")
    of_row = [number for number, group in enumerate(groups) for _ in group]
    read_once(loaded, heads, of_row, cache)
    tails = pad(loaded, [row[shared[number] :] for row, number in zip(rows, of_row, strict=True)], "left")
    mask = torch.cat([heads["attention_mask"][of_row], tails["attention_mask"]], dim=1)
    width = tails["input_ids"].shape[1]
    output = loaded.model(
        input_ids=tails["input_ids"],
        attention_mask=mask,
        position_ids=running_positions(mask)[:, -width:],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    )
    return output.logits[:, -1]


def read_once(
    loaded: LocalModel, beginnings: dict[str, torch.Tensor], of_row: Sequence[int], cache: DynamicCache
) -> None:
    """Fill the cache so that row i goes on from the padded beginning `of_row[i]`."""
    positions = running_positions(beginnings["attention_mask"])
    loaded.model.base_model(**beginnings, position_ids=positions, past_key_values=cache, use_cache=True)
    cache.batch_select_indices(torch.tensor(of_row, device=loaded.device))


def is_whole(cache: DynamicCache) -> bool:
    """Whether it keeps all it read. A sliding window or a recurrent state cannot be read past padding in the
    middle, nor gone on from for other rows."""
    return all(type(layer) is DynamicLayer for layer in cache.layers)


def running_positions(mask: torch.Tensor) -> torch.Tensor:
    """The position of each token in its own row, padding not counted."""
    return (mask.cumsum(dim=-1) - 1).clamp(min=0)


def common_length(rows: Sequence[list[int]]) -> int:
    """The length of the common beginning, short of the shortest row's last token."""
    shortest = min(len(row) for row in rows) - 1
    columns = zip(*(row[:shortest] for row in rows), strict=True)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
