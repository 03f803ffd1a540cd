"""The scores beside CHES, the slow way: one response at a time, whole vocabulary, gradients by autograd.

Run in the worker environment: `python -m tests.workers.scores_oracle MODEL PAIRS MAX_LENGTH`; prints JSON.
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

    def read(prompt: list[dict[str, str]], response: str) -> dict[str, Any]:
        query = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        start = len(tokenizer(query, add_special_tokens=False)["input_ids"])
        ids = tokenizer(query + response, add_special_tokens=False)["input_ids"][:max_length]
        with torch.no_grad():
            out = model(torch.tensor([ids]), output_hidden_states=True)
        targets = torch.tensor(ids[start:])
        logps = out.logits[0, start - 1 : -1].double().log_softmax(-1)[torch.arange(len(targets)), targets]
        states = out.hidden_states[-1][0]
        weight = model.get_output_embeddings().weight.detach().clone().requires_grad_()
        again = (states[start - 1 : -1] @ weight.T).log_softmax(-1)[torch.arange(len(targets)), targets]
        (gradient,) = torch.autograd.grad(again.sum(), weight)
        return {
            "ids": ids[start:],
            "last": states[-1].double(),
            "logps": logps,
            "gradient": gradient.double(),
        }

    def score(pair: dict[str, Any]) -> dict[str, float]:
        a, b = (read(pair["prompt"], pair[f"response_{side}"]) for side in "ab")
        g_a, g_b = a["gradient"], b["gradient"]
        least = min((g_a * g_a).sum(), (g_b * g_b).sum())
        return {
            "last_hidden_ip": float(a["last"] @ b["last"]),
            "token_edit": -levenshtein(a["ids"], b["ids"]) / max(len(a["ids"]), len(b["ids"])),
            "logp_gap": float(a["logps"].sum() - b["logps"].sum()),
            "mean_logp_gap": float(a["logps"].mean() - b["logps"].mean()),
            "entanglement": float((g_a * g_b).sum() / least),
        }

    pairs = [json.loads(line) for line in Path(pairs_path).read_text().splitlines()]
    print(json.dumps({pair["pair_id"]: score(pair) for pair in pairs}))  # noqa: T201  # its only output


def levenshtein(first: list[int], second: list[int]) -> int:
    row = list(range(len(second) + 1))
    for at, one in enumerate(first, start=1):
        before, row[0] = row[0], at
        for to, other in enumerate(second, start=1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (one != other))
    return row[-1]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
