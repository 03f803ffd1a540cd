"""The demo's number format follows what the CPU can multiply."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.demo.precision import cpu_dtype


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("flags\t\t: fpu sse2 avx2 fma\n", "float32"),
        ("model name : Some bf16 CPU\nflags\t\t: fpu avx512f avx512_bf16\n", "bfloat16"),
        ("flags : avx2 amx_bf16 amx_tile\n", "bfloat16"),
        ("Features\t: fp asimd bf16 i8mm\n", "bfloat16"),
        ("model name : one with bf16 in its name\n", "float32"),
        ("", "float32"),
    ],
)
def test_it_works(tmp_path: Path, text: str, dtype: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text, encoding="utf-8")
    assert cpu_dtype(cpuinfo) == dtype


def test_a_system_without_cpuinfo(tmp_path: Path) -> None:
    assert cpu_dtype(tmp_path / "missing") == "float32"
