"""What reading shared beginnings once saves a local model, against reading every row whole, in the same run.

    .venv-ml/bin/python -m benchmarks.prefixes [--model var/models/smollm2-135m-instruct] [--prompts 4]

Judging: all pairs of four responses in both orders. Sampling: four responses of each prompt. Ratios below 1
are a gain.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Hashable, Sequence
from itertools import permutations
from pathlib import Path
from typing import TypeVar

from trainer_bridge.contracts import Sampling
from trainer_bridge.workers._models import LocalModel, encode, load
from trainer_bridge.workers._prefixes import next_logprobs
from trainer_bridge.workers._sampling import SeededSampler, continuations

T = TypeVar("T")
QUESTION = "Explain to a newcomer what a {} is, with one example from daily life and one from work."
TOPICS = ("contract", "queue", "margin", "thermostat", "ledger", "tide", "proxy", "hinge")
ANSWER = "Think of it as {0}: it takes what comes in and keeps what matters. Of {0}, I mean. " * 4
WORDS = ("a sieve", "a clerk", "a valve", "a guide")
MAX_TOKENS = 32


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("var/models/smollm2-135m-instruct"))
    parser.add_argument("--prompts", type=int, default=4, choices=range(1, len(TOPICS) + 1))
    args = parser.parse_args()
    loaded = load(str(args.model), "float32")
    prompts = [QUESTION.format(topic) for topic in TOPICS[: args.prompts]]
    judging(loaded, prompts)
    sampling(loaded, prompts)


def judging(loaded: LocalModel, prompts: Sequence[str]) -> None:
    answers = [ANSWER.format(word) for word in WORDS]
    asked = [
        (f"{prompt}\n\nAnswer A: {left}", f"\n\nAnswer B: {right}\n\nThe better answer is")
        for prompt in prompts
        for left, right in permutations(answers, 2)
    ]
    rows = [encode(loaded.tokenizer, lead + tail) for lead, tail in asked]
    alone: list[Hashable] = list(range(len(rows)))
    together: list[Hashable] = [lead for lead, _ in asked]
    baseline, whole = timed(lambda: next_logprobs(loaded, rows, alone))
    shared, parts = timed(lambda: next_logprobs(loaded, rows, together))
    apart = int((whole.argmax(dim=-1) != parts.argmax(dim=-1)).sum())
    report("judging", len(rows), baseline, shared)
    print(f"questions whose likeliest token differs: {apart}")


def sampling(loaded: LocalModel, prompts: Sequence[str]) -> None:
    settings = Sampling(n=4, max_tokens=MAX_TOKENS, temperature=0.9, top_p=0.95)
    rows = [encode(loaded.tokenizer, prompt) for prompt in prompts for _ in range(settings.n)]

    def draw(which: Sequence[list[int]]) -> list[list[int]]:
        return continuations(loaded, which, MAX_TOKENS, SeededSampler(range(len(which)), settings))

    # A first token of its own makes each row unlike the others, so nothing is shared.
    distinct = [[index, *row[1:]] for index, row in enumerate(rows)]
    baseline, _ = timed(lambda: draw(distinct))
    shared, _ = timed(lambda: draw(rows))
    report("sampling", len(rows), baseline, shared)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    work()
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def report(what: str, rows: int, baseline: float, shared: float) -> None:
    ratio = shared / baseline
    print(f"{what:<10}{rows:>4} rows   whole {baseline:6.2f} s   shared {shared:6.2f} s   ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
