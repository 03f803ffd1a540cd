"""How many tokens DPOTrainer finds in pairs, read off the dataset that it prepares.

.venv-ml/bin/python -m tests.workers.tokens_oracle PAIRS MODEL OUT
"""

from __future__ import annotations

import json
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

from datasets import Dataset
from trl import DPOConfig, DPOTrainer


def main(pairs: str, model: str, out: str) -> None:
    rows = [
        {
            "prompt": pair["prompt"],
            "chosen": [{"role": "assistant", "content": pair["response_a"]}],
            "rejected": [{"role": "assistant", "content": pair["response_b"]}],
        }
        for pair in json.loads(Path(pairs).read_text())
    ]
    config = DPOConfig(output_dir=out, report_to=[], use_cpu=True, bf16=False)
    trainer = DPOTrainer(model, args=config, train_dataset=Dataset.from_list(rows))
    print(json.dumps([counts(row) for row in trainer.train_dataset]))  # noqa: T201 -- the answer to the caller


def counts(row: dict[str, Any]) -> dict[str, int]:
    a, b = (row["prompt_ids"] + row[side] for side in ("chosen_ids", "rejected_ids"))
    shared = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(a, b, strict=False)))
    return {"shared": shared, "prompt": len(row["prompt_ids"]), "a": len(a), "b": len(b)}


if __name__ == "__main__":
    main(*sys.argv[1:])
