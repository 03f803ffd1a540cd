"""What a worker's end means, in words for the user."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from trainer_bridge.contracts import ExitCode

OUT_OF_MEMORY = ("CUDA out of memory", "torch.OutOfMemoryError", "DefaultCPUAllocator: not enough memory")
LESS_MEMORY = "Try a smaller batch size or maximum length, bfloat16, or a smaller model."


@dataclass(frozen=True)
class Crash:
    """Why a worker ended without meaning to, and whether another attempt may go better."""

    words: str
    retry: bool


def bad_spec_words(stderr: str) -> str:
    """A worker that refuses its spec says why on the last lines it writes."""
    said = "\n".join(line for line in stderr.splitlines()[-5:] if line.strip())
    return said or "The worker refused this job without saying why. The log below may tell more."


def crash_of(code: int, stderr: str) -> Crash:
    if any(sign in stderr for sign in OUT_OF_MEMORY):
        return Crash(f"The model did not fit in memory. {LESS_MEMORY}", retry=False)
    if "ModuleNotFoundError" in stderr or "ImportError" in stderr:
        return Crash(
            f"The worker's Python environment is incomplete: {_last_line(stderr)}. "
            "The operator can rebuild it; then press Retry.",
            retry=False,
        )
    if "No space left on device" in stderr:
        return Crash("The worker's disk is full. Free some space, then press Retry.", retry=False)
    if code in {-signal.SIGKILL, 128 + signal.SIGKILL}:
        return Crash(
            f"The worker was killed, most likely because the machine ran out of memory. {LESS_MEMORY}",
            retry=True,
        )
    if code < 0:
        return Crash(f"The worker was ended by signal {_signal_name(-code)}.", retry=True)
    last = _last_line(stderr)
    return Crash(f"The worker stopped with exit status {code}" + (f": {last}" if last else "."), retry=True)


def is_crash(code: int) -> bool:
    return code not in set(ExitCode)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
