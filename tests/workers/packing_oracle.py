"""Random texts packed into one row, against the same texts read one by one.

Run in the worker environment: `python -m tests.workers.packing_oracle MODEL`; prints JSON.
"""

from __future__ import annotations

import json
import sys
from random import Random

import torch

from trainer_bridge.workers._models import LocalModel, load
from trainer_bridge.workers._packing import by_room, can_pack, pack, read_packed

ROUNDS = 40
ROOM = 64


def main(model_path: str) -> None:
    loaded = load(model_path, "float32")
    found = {"can_pack": can_pack(loaded), "apart": 0.0, "read": 0, "texts": 0, "packs": 0}
    for number in range(ROUNDS if found["can_pack"] else 0):
        rows, leads = some_rows(Random(number), loaded.tokenizer.vocab_size)
        spans = list(by_room(rows, leads, ROOM))
        assert [at for start, end in spans for at in range(start, end)] == list(range(len(rows)))
        for start, end in spans:
            packed = pack(rows[start:end], leads[start:end])
            assert end - start == 1 or len(packed.ids) <= ROOM
            found["read"] += len(packed.ids)
            found["apart"] = max(found["apart"], apart(loaded, rows[start:end], leads[start:end]))
        found["texts"] += sum(map(len, rows))
        found["packs"] += len(spans)
    print(json.dumps(found))  # noqa: T201  # its only output


def some_rows(random: Random, vocabulary: int) -> tuple[list[list[int]], list[int]]:
    """Texts of a few prompts; among them equal ones, one that goes on where another ends, and long ones."""
    rows, leads = [], []
    for lead in range(random.randint(1, 4)):
        prompt = [random.randrange(vocabulary) for _ in range(random.randint(1, 20))]
        texts = [
            prompt + [random.randrange(vocabulary) for _ in range(random.randint(0, 40))]
            for _ in range(random.randint(1, 4))
        ]
        texts += [texts[0], [*texts[-1], 7]] if random.random() < 0.5 else []
        random.shuffle(texts)
        rows += texts
        leads += [lead] * len(texts)
    return rows, leads


def apart(loaded: LocalModel, rows: list[list[int]], leads: list[int]) -> float:
    """The largest difference of any final hidden state."""
    body, packed = loaded.model.base_model, pack(rows, leads)
    with torch.inference_mode():
        together = read_packed(loaded, body, packed).last_hidden_state[0]
        alone = [body(torch.tensor([row]), use_cache=False).last_hidden_state[0] for row in rows]
    both = zip(alone, packed.places, strict=True)
    return max(float((one - together[place]).abs().max()) for one, place in both)


if __name__ == "__main__":
    main(sys.argv[1])
