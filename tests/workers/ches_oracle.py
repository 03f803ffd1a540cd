"""CHES by the paper's scoring script: one sequence at a time, all hidden states, no padding, no shortcuts.

Run in the worker environment: `python -m tests.workers.ches_oracle MODEL PAIRS MAX_LENGTH`; prints JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(model_path: str, pairs_path: str, max_length: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32).eval()

    def hidden(prompt: list[dict[str, str]], response: str) -> torch.Tensor:
        query = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        query_length = len(tokenizer(query, add_special_tokens=False)["input_ids"])
        ids = tokenizer(query + response, add_special_tokens=False)["input_ids"][:max_length]
        with torch.no_grad():
            states = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
        return states[query_length - 1 :]

    def score(pair: dict[str, Any]) -> dict[str, float]:
        a, b = (hidden(pair["prompt"], pair[f"response_{side}"]) for side in "ab")
        sum_a, sum_b = a.sum(dim=0), b.sum(dim=0)
        dot = sum_a @ sum_b
        ln_dot = dot / (len(a) * len(b))
        return {
            "ches_a_over_b": float(dot - torch.norm(sum_a) ** 2),
            "ches_b_over_a": float(dot - torch.norm(sum_b) ** 2),
            "ln_ches_a_over_b": float(ln_dot - torch.norm(sum_a) ** 2 / len(a) ** 2),
            "ln_ches_b_over_a": float(ln_dot - torch.norm(sum_b) ** 2 / len(b) ** 2),
        }

    pairs = [json.loads(line) for line in Path(pairs_path).read_text().splitlines()]
    print(json.dumps({pair["pair_id"]: score(pair) for pair in pairs}))  # noqa: T201  # its only output


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
