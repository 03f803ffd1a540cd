"""Which number format the demo's model computes in on this machine."""

from __future__ import annotations

from pathlib import Path

from trainer_bridge.contracts import Dtype

# What Linux calls the instructions that multiply bfloat16. Without them a CPU emulates the format, and each
# step of the demo takes ten times as long as in float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


def cpu_dtype(cpuinfo: Path = Path("/proc/cpuinfo")) -> Dtype:
    """bfloat16 where the CPU multiplies it; float32 elsewhere, and where nothing tells."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "float32"
    flags = {
        flag
        for line in lines
        if line.split(":")[0].strip().lower() in {"flags", "features"}
        for flag in line.partition(":")[2].split()
    }
    return "bfloat16" if flags & BFLOAT16_FLAGS else "float32"
