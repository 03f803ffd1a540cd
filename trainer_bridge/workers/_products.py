"""Products of float32 matrices on a processor's bfloat16 units (AMX), several times as fast as its others.

A float32 number is nearly the sum of two bfloat16 ones: of its 24 bits they keep 16 or more. Where weights
are bfloat16 numbers, as published ones mostly are, two products of bfloat16 matrices, added up in float32, do
for one of float32 (Henry, Tang and Heinecke, arXiv 1904.06376). The routine that adds up in float32 is
oneMKL's, which torch is built with and has no function for.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch.nn.functional import linear

from trainer_bridge.workers._models import LocalModel

# Fewer rows are multiplied as usual: taking them apart would cost more than it saves.
FEWEST_ROWS = 128
IN_PARTS = "float32 products of bfloat16 parts"

ROW_MAJOR, AS_IT_IS, TRANSPOSED = 101, 111, 112  # CBLAS's numbers
Parts = tuple[torch.Tensor, torch.Tensor]


def arithmetic(loaded: LocalModel) -> str:
    """How the model multiplies within `in_parts`, for people; empty where it is as usual."""
    return IN_PARTS if _can_be_in_parts(loaded) and any(_half_weights(loaded)) else ""


@contextmanager
def in_parts(loaded: LocalModel) -> Iterator[None]:
    """Within, the model multiplies in parts where that is faster. Its weights must not change meanwhile."""
    changed: list[Any] = []
    if _can_be_in_parts(loaded):
        reader = Reader()
        for layer, weight in _half_weights(loaded):
            layer.forward = partial(multiply, layer, weight, reader)
            changed.append(layer)
    try:
        yield
    finally:
        for layer in changed:
            del layer.forward


class Reader:
    """Takes apart what layers read, once where they read the same: a query's, a key's and a value's."""

    def __init__(self) -> None:
        self._rows: torch.Tensor | None = None
        self._parts: Parts | None = None

    def parts(self, rows: torch.Tensor) -> Parts:
        if self._parts is None or self._rows is not rows:
            self._rows, self._parts = rows, parts_of(rows.reshape(-1, rows.shape[-1]))
        return self._parts


def parts_of(numbers: torch.Tensor) -> Parts:
    """Two bfloat16 matrices, row after row, that add up to the float32 one but for 2⁻¹⁶ of each number."""
    numbers = numbers.contiguous()
    high = numbers.bfloat16()
    rest = high.float()
    return high, torch.sub(numbers, rest, out=rest).bfloat16()


def multiply(
    layer: torch.nn.Linear, weight: torch.Tensor, reader: Reader, rows: torch.Tensor
) -> torch.Tensor:
    """What the layer gives, (..., in) → (..., out); as usual for a gradient, and for few rows.

    `weight` is the layer's, in bfloat16.
    """
    if torch.is_grad_enabled() or rows.numel() < FEWEST_ROWS * rows.shape[-1]:
        return linear(rows, layer.weight, layer.bias)
    high, low = reader.parts(rows)
    found = rows.new_empty(*rows.shape[:-1], layer.out_features)
    has_bias = layer.bias is not None
    if has_bias:
        found[:] = layer.bias
    _multiply(low, weight, found, adds=has_bias)
    _multiply(high, weight, found, adds=True)
    return found


def _multiply(rows: torch.Tensor, weight: torch.Tensor, found: torch.Tensor, *, adds: bool) -> None:
    """found = rows · weightᵀ, or += where it `adds`; (n, in) and (out, in) of bfloat16, found in float32."""
    (n, width), height = rows.shape, weight.shape[0]
    left, right = (rows.data_ptr(), width), (weight.data_ptr(), width)
    before, into = float(adds), (found.data_ptr(), height)
    _gemm()(ROW_MAJOR, AS_IT_IS, TRANSPOSED, n, height, width, 1.0, *left, *right, before, *into)


def _can_be_in_parts(loaded: LocalModel) -> bool:
    """Whether the model is float32 on a processor with bfloat16 units, in a torch with oneMKL."""
    return (
        loaded.device.type == "cpu"
        and loaded.dtype == "float32"
        and bool(torch.cpu.get_capabilities().get("amx_bf16"))
        and _gemm() is not None
    )


def _half_weights(loaded: LocalModel) -> Iterator[tuple[Any, torch.Tensor]]:
    """The linear layers that bfloat16 gives whole, with their weights in it."""
    for layer in loaded.model.modules():
        if type(layer) is torch.nn.Linear:
            weight = layer.weight.detach().bfloat16().contiguous()
            if torch.equal(weight.float(), layer.weight):
                yield layer, weight


@cache
def _gemm() -> Any:
    """`cblas_gemm_bf16bf16f32` of the oneMKL inside torch; None in builds without."""
    try:
        gemm = getattr(ctypes.CDLL("libtorch_cpu.so"), "cblas_gemm_bf16bf16f32", None)
    except OSError:
        return None
    if gemm is not None:
        integer, number, pointer = ctypes.c_int, ctypes.c_float, ctypes.c_void_p
        gemm.restype = None
        gemm.argtypes = [*[integer] * 6, number, *[pointer, integer] * 2, number, pointer, integer]
    return gemm
