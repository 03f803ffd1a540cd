"""Products in parts against the same in float64, and a model that multiplies in parts against itself.

Run in the worker environment: `python -m tests.workers.products_oracle MODEL`; prints JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from unittest.mock import patch

import torch

from trainer_bridge.workers import _products
from trainer_bridge.workers._models import LocalModel, load
from trainer_bridge.workers._products import FEWEST_ROWS, Reader, arithmetic, in_parts, multiply

SHAPES = [(FEWEST_ROWS, 8, 8), (200, 33, 65), (300, 576, 1536), (257, 1536, 96)]


def main(model_path: str) -> None:
    if _products._gemm() is None:
        print(json.dumps({"has_routine": False}))  # noqa: T201  # its only output
        return
    loaded = load(model_path, "float32")
    found = {
        "has_routine": True,
        "apart": {"plain": apart(bias=False), "with a bias": apart(bias=True)},
        "few_rows_alike": few_rows_alike(),
        "keeps_gradient": keeps_gradient(),
        "same_layers_read_once": same_layers_read_once(),
        "float32 weights": of_model(loaded),
        "bfloat16 weights": of_model(rounded(loaded)),
        "elsewhere": [said(loaded, amx=False), said(load(model_path, "bfloat16"), amx=True)],
    }
    print(json.dumps(found))  # noqa: T201  # its only output


def a_layer(width: int, height: int, *, bias: bool = False) -> torch.nn.Linear:
    layer = torch.nn.Linear(width, height, bias=bias)
    layer.weight.data = layer.weight.data.bfloat16().float()
    return layer


def product(layer: torch.nn.Linear, rows: torch.Tensor) -> torch.Tensor:
    return multiply(layer, layer.weight.detach().bfloat16(), Reader(), rows)


def apart(*, bias: bool) -> float:
    """The largest error of any number, as a share of the sum of its terms' sizes."""
    worst = 0.0
    for seed, (n, width, height) in enumerate(SHAPES):
        torch.manual_seed(seed)
        layer = a_layer(width, height, bias=bias)
        # Rows of very different sizes, every second column of a wider matrix.
        rows = (torch.randn(1, n, 2 * width) * torch.logspace(-4, 4, n)[None, :, None])[..., ::2]
        with torch.inference_mode():
            found = product(layer, rows)
            weight, exactly = layer.weight.double(), rows.double()
            start = layer.bias.double() if bias else torch.zeros(height)
            expected = exactly @ weight.T + start
            sizes = exactly.abs() @ weight.abs().T + start.abs()
        worst = max(worst, float(((found - expected).abs() / sizes).max()))
    return worst


def few_rows_alike() -> bool:
    layer, rows = a_layer(64, 64), torch.randn(FEWEST_ROWS - 1, 64)
    with torch.inference_mode():
        return bool(torch.equal(product(layer, rows), layer(rows)))


def keeps_gradient() -> bool:
    layer, rows = a_layer(64, 64), torch.randn(2 * FEWEST_ROWS, 64)
    product(layer, rows).sum().backward()
    return layer.weight.grad is not None


def same_layers_read_once() -> bool:
    """Rows are taken apart once while the same are read, and again for others."""
    reader, rows = Reader(), torch.randn(4, 8)
    first = reader.parts(rows)
    return reader.parts(rows) is first and reader.parts(rows.clone()) is not first


def rounded(loaded: LocalModel) -> LocalModel:
    for layer in linear_layers(loaded):
        layer.weight.data = layer.weight.data.bfloat16().float()
    return loaded


def of_model(loaded: LocalModel) -> dict[str, Any]:
    """Hidden states in parts and as usual, how many layers were replaced, and that none still is."""
    ids = torch.randint(loaded.tokenizer.vocab_size, (2, 2 * FEWEST_ROWS))
    body, layers = loaded.model.base_model, linear_layers(loaded)
    with torch.inference_mode(), patch.object(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}):
        usual = body(input_ids=ids).last_hidden_state
        says = arithmetic(loaded)
        with in_parts(loaded):
            parts = body(input_ids=ids).last_hidden_state
            replaced = sum("forward" in vars(layer) for layer in layers)
        again = body(input_ids=ids).last_hidden_state
    return {
        "says": says,
        "layers": len(layers),
        "replaced": replaced,
        "apart": float((parts - usual).abs().max() / usual.abs().max()),
        "is_other": not torch.equal(parts, usual),
        "is_restored": torch.equal(again, usual),
    }


def said(loaded: LocalModel, *, amx: bool) -> list[Any]:
    with patch.object(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx}), in_parts(loaded):
        return [arithmetic(loaded), sum("forward" in vars(layer) for layer in linear_layers(loaded))]


def linear_layers(loaded: LocalModel) -> list[torch.nn.Linear]:
    return [layer for layer in loaded.model.modules() if isinstance(layer, torch.nn.Linear)]


if __name__ == "__main__":
    main(sys.argv[1])
