"""The scores beside CHES, the slow way: one response at a time, whole vocabulary, gradients by autograd.

Run in the worker environment: `python -m tests.workers.scores_oracle MODEL PAIRS MAX_LENGTH [REFERENCE]`;
prints JSON. Without a reference there are no scores of two models.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(model_path: str, pairs_path: str, max_length: int, reference_path: str = "") -> None:
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    model = AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32).eval()
    # A model of its own, which adapters are put on.
    adapted = with_adapters(AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32))
    reference = (
        AutoModelForCausalLM.from_pretrained(reference_path, dtype=torch.float32).eval()
        if reference_path
        else None
    )

    def read(prompt: list[dict[str, str]], response: str) -> dict[str, Any]:
        query = tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        start = len(tokenizer(query, add_special_tokens=False)["input_ids"])
        ids = tokenizer(query + response, add_special_tokens=False)["input_ids"][:max_length]
        inputs = []
        handle = model.model.layers[-1].mlp.up_proj.register_forward_pre_hook(
            lambda _module, args: inputs.append(args[0][0])
        )
        with torch.no_grad():
            out = model(torch.tensor([ids]), output_hidden_states=True)
        handle.remove()
        targets = torch.tensor(ids[start:])
        logps = token_logps(out.logits[0], start, targets)
        before = reference and token_logps(reference(torch.tensor([ids])).logits[0].detach(), start, targets)
        states = out.hidden_states[-1][0]
        weight = model.get_output_embeddings().weight.detach().clone().requires_grad_()
        again = (states[start - 1 : -1] @ weight.T).log_softmax(-1)[torch.arange(len(targets)), targets]
        (gradient,) = torch.autograd.grad(again.sum(), weight)
        return {
            "ids": ids[start:],
            "last": states[-1].double(),
            "logps": logps,
            "gradient": gradient.double(),
            "angle": concentration(inputs[0].double(), start),
            "ratios": logps - before if reference else None,
            "lora": adapter_gradients(adapted, ids, start, targets),
        }

    def score(pair: dict[str, Any]) -> dict[str, float]:
        a, b = (read(pair["prompt"], pair[f"response_{side}"]) for side in "ab")
        g_a, g_b = a["gradient"], b["gradient"]
        least = min((g_a * g_a).sum(), (g_b * g_b).sum())
        ratios = (
            {
                "implicit_reward_gap": float(a["ratios"].sum() - b["ratios"].sum()),
                "mean_implicit_reward_gap": float(a["ratios"].mean() - b["ratios"].mean()),
            }
            if reference
            else {}
        )
        return {
            **ratios,
            "perplexity_gap": float((-a["logps"].mean()).exp() - (-b["logps"].mean()).exp()),
            "on_policy": float(a["logps"].mean() + b["logps"].mean()) / 2,
            "angle_concentration": (a["angle"] + b["angle"]) / 2,
            "lora_entanglement": lora_condition(a["lora"], b["lora"]),
            "last_hidden_ip": float(a["last"] @ b["last"]),
            "token_edit": -levenshtein(a["ids"], b["ids"]) / max(len(a["ids"]), len(b["ids"])),
            "logp_gap": float(a["logps"].sum() - b["logps"].sum()),
            "mean_logp_gap": float(a["logps"].mean() - b["logps"].mean()),
            "entanglement": float((g_a * g_b).sum() / least),
        }

    pairs = [json.loads(line) for line in Path(pairs_path).read_text().splitlines()]
    print(json.dumps({pair["pair_id"]: score(pair) for pair in pairs}))  # noqa: T201  # its only output


def token_logps(logits: torch.Tensor, start: int, targets: torch.Tensor) -> torch.Tensor:
    return logits[start - 1 : -1].double().log_softmax(-1)[torch.arange(len(targets)), targets]


def concentration(states: torch.Tensor, start: int) -> float:
    """The whole matrix of cosines, masked as in the paper's code, rows and columns sliced as it means to."""
    unit = states / states.norm(dim=1, keepdim=True)
    cosines = torch.tril(unit @ unit.T, diagonal=1)
    return float(cosines[start:, start:].mean() + 8 * cosines[start:, :start].mean())


def with_adapters(model: Any) -> Any:
    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    torch.manual_seed(0)
    return get_peft_model(model, config).eval()


def adapter_gradients(
    adapted: Any, ids: list[int], start: int, targets: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Of every adapter parameter by its name, A as well as B."""
    adapted.zero_grad()
    logits = adapted(torch.tensor([ids])).logits[0]
    token_logps(logits, start, targets).sum().backward()
    return {
        name: parameter.grad.double()
        for name, parameter in adapted.named_parameters()
        if parameter.grad is not None
    }


def lora_condition(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    dot, norm2_a, norm2_b = (
        sum(float((x[name] * y[name]).sum()) for name in a) for x, y in ((a, b), (a, a), (b, b))
    )
    return dot / min(norm2_a, norm2_b)


def levenshtein(first: list[int], second: list[int]) -> int:
    row = list(range(len(second) + 1))
    for at, one in enumerate(first, start=1):
        before, row[0] = row[0], at
        for to, other in enumerate(second, start=1):
            before, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, before + (one != other))
    return row[-1]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
