"""How fast pairs are scored by CHES, against the paper's way of doing it, in the same run.

    .venv-ml/bin/python -m benchmarks.ches [--pairs 200] [--model var/models/smollm2-135m-instruct]

The baseline is a plain loop as in the paper's scoring script: two forward passes per pair, one sequence at a
time, with the language-model head and all hidden states, in a process of its own, as transformers and torch
come. Real prompts and responses come from a folder with AlpacaEval's outputs (`--data`). Two shapes: isolated
pairs (two responses of each prompt), and four responses of each prompt (six pairs). Also printed: the share
of this machine's matrix-multiply rate that scoring reaches, how far its scores are from the baseline's, and
the same for bfloat16.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations, groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from curation.algorithms.ches import ches_from_sums
from trainer_bridge.contracts import Dtype, Message, PairRow, ScoreRow
from trainer_bridge.workers._io import Tally, Workspace, read_rows
from trainer_bridge.workers._models import LocalModel, encode, load, render, usable_cores
from trainer_bridge.workers._pairs import Wanted
from trainer_bridge.workers._pass import PairPass
from trainer_bridge.workers._scorers import OwnScores, name_of_file

MAX_LENGTH = 512
BLOCK = 24
MODELS = ("gpt4_1106_preview", "FuseChat-Llama-3.2-1B-Instruct", "gemma-2b-it", "falcon-7b-instruct")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "alpaca_eval"


@dataclass
class Run:
    """Seconds, and `(ches, ln_ches)` of a over b per pair, added up over blocks."""

    seconds: float = 0.0
    parts: list[np.ndarray] = field(default_factory=list)

    def add(self, seconds: float, scores: np.ndarray) -> None:
        self.seconds += seconds
        self.parts.append(scores)

    @property
    def scores(self) -> np.ndarray:
        return np.concatenate(self.parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("var/models/smollm2-135m-instruct"))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pairs", type=int, default=200)
    args = parser.parse_args()
    if not (args.data / "responses").is_dir():
        sys.exit(f"There is no AlpacaEval data in {args.data}: give its folder with --data.")
    full = load(str(args.model), "float32")
    half = load(str(args.model), "bfloat16")
    shapes = {
        "isolated pairs": real_pairs(args.data, MODELS[:2], args.pairs),
        "4 responses a prompt": real_pairs(args.data, MODELS, args.pairs),
    }
    print(f"{args.pairs} pairs, {MAX_LENGTH} tokens, {torch.get_num_threads()} threads")
    with ProcessPoolExecutor(
        1, get_context("spawn"), initializer=Plain.load, initargs=(str(args.model),)
    ) as baseline:
        for shape, pairs in shapes.items():
            compare(shape, pairs, baseline, full, half)


def compare(
    shape: str, pairs: Sequence[PairRow], plain: ProcessPoolExecutor, full: LocalModel, half: LocalModel
) -> None:
    """Every way in turn over block after block, so that a machine that slows down slows all of them."""
    baseline, scored = Run(), {full.dtype: Run(), half.dtype: Run()}
    rates: dict[Dtype, list[float]] = {full.dtype: [], half.dtype: []}
    for block in blocks(pairs):
        baseline.add(*plain.submit(Plain.scores, block).result())
        for loaded in (full, half):
            scored[loaded.dtype].add(*product(loaded, block))
            rates[loaded.dtype].append(matmul_rate(getattr(torch, loaded.dtype)))
    print(f"\n{shape}: {len(pairs)} pairs, plain {len(pairs) / baseline.seconds:.2f} pairs/s")
    total = needed(full, pairs)
    for dtype, run in scored.items():
        rate = float(np.median(rates[dtype]))
        report(dtype, baseline, run, total / run.seconds / 1e9, rate)


def blocks(pairs: Sequence[PairRow]) -> list[list[PairRow]]:
    """About BLOCK pairs each, a prompt's pairs together."""
    found: list[list[PairRow]] = [[]]
    for _, group in groupby(pairs, key=lambda pair: pair.prompt):
        if len(found[-1]) >= BLOCK:
            found.append([])
        found[-1] += group
    return found


def real_pairs(data: Path, models: Sequence[str], n_pairs: int) -> list[PairRow]:
    """All pairs of these models' responses, prompt after prompt."""
    with (data / "prompts.jsonl").open(encoding="utf-8") as file:
        prompts = {row["prompt_id"]: row["prompt"] for row in map(json.loads, file)}
    answers = [responses(data / "responses" / f"{model}.jsonl.gz") for model in models]
    pairs: list[PairRow] = []
    for prompt_id, text in prompts.items():
        given = [answer.get(prompt_id, "").strip() for answer in answers]
        if len(set(given)) < len(models) or not all(given):
            continue
        prompt = [Message(role="user", content=text)]
        for a, b in combinations(given, 2):
            pairs.append(PairRow(pair_id=str(len(pairs)), prompt=prompt, response_a=a, response_b=b))
        if len(pairs) >= n_pairs:
            break
    return pairs


def responses(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return {row["prompt_id"]: row["response"] for row in map(json.loads, file)}


class Plain:
    """The paper's loop, in a process that has nothing of this product's ways with a model."""

    model: Any
    tokenizer: Any

    @classmethod
    def load(cls, model: str) -> None:
        torch.set_num_threads(usable_cores())
        cls.tokenizer = AutoTokenizer.from_pretrained(model)
        cls.model = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()

    @classmethod
    def scores(cls, pairs: Sequence[PairRow]) -> tuple[float, np.ndarray]:
        started, found = time.perf_counter(), []
        for pair in pairs:
            (a, n_a), (b, n_b) = (cls._sum(pair, text) for text in (pair.response_a, pair.response_b))
            scores = ches_from_sums(float(a @ b), float(a @ a), float(b @ b), n_a, n_b)
            found.append((scores.ches_a_over_b, scores.ln_ches_a_over_b))
        return time.perf_counter() - started, np.array(found)

    @classmethod
    def _sum(cls, pair: PairRow, response: str) -> tuple[torch.Tensor, int]:
        query = render(cls.tokenizer, pair.prompt)
        first = len(encode(cls.tokenizer, query)) - 1
        ids = encode(cls.tokenizer, query + response)[:MAX_LENGTH]
        with torch.no_grad():
            states = cls.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
        return states[first:].double().sum(dim=0), len(ids) - first


def product(loaded: LocalModel, pairs: Sequence[PairRow]) -> tuple[float, np.ndarray]:
    """What the worker does between reading the pairs and writing the scores."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), Path(folder))
        tally = Tally(workspace, "pairs", total=len(pairs))
        scores = OwnScores(None, Wanted(["ches"]), workspace)
        failures = workspace.rows("failures.jsonl")
        started = time.perf_counter()
        PairPass(loaded, MAX_LENGTH, pairs, scores, tally=tally).run(failures)
        seconds = time.perf_counter() - started
        rows = {row.pair_id: row for row in read_rows(Path(folder) / name_of_file("ches"), ScoreRow)}
    found = [(rows[pair.pair_id].ches_a_over_b, rows[pair.pair_id].ln_ches_a_over_b) for pair in pairs]
    return seconds, np.array(found)


def matmul_rate(dtype: torch.dtype) -> float:
    """GFLOP/s of the best of ten products of two matrices of 1,536 rows and columns."""
    size = 1536
    a, b = torch.rand(size, size, dtype=dtype), torch.rand(size, size, dtype=dtype)
    best = float("inf")
    for _ in range(10):
        started = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best / 1e9


def needed(loaded: LocalModel, pairs: Sequence[PairRow]) -> float:
    """FLOP that no way of scoring can avoid: each prompt once, each response once, without the head."""
    tokenizer, total = loaded.tokenizer, 0.0
    responses: dict[str, set[str]] = {}
    for pair in pairs:
        responses.setdefault(render(tokenizer, pair.prompt), set()).update((pair.response_a, pair.response_b))
    for prompt, texts in responses.items():
        n_prompt = len(encode(tokenizer, prompt))
        total += flop(loaded, 0, n_prompt)
        for text in texts:
            total += flop(loaded, n_prompt, min(len(encode(tokenizer, prompt + text)), MAX_LENGTH))
    return total


def flop(loaded: LocalModel, start: int, end: int) -> float:
    """Of the layers' weights and causal attention, for the tokens from `start` to `end`."""
    config, body = loaded.model.config, loaded.model.base_model
    weights = sum(weight.numel() for layer in body.layers for weight in layer.parameters())
    attention = 2 * config.num_hidden_layers * config.hidden_size
    return float(2 * weights * (end - start) + attention * (end**2 - start**2))


def ranks(first: np.ndarray, second: np.ndarray) -> str:
    one, other = first.argsort().argsort(), second.argsort().argsort()
    if (moved := int((one != other).sum())) == 0:
        return "ranks equal"
    return (
        f"rank correlation {np.corrcoef(one, other)[0, 1]:.6f}, {moved} moved by {np.abs(one - other).max()}"
    )


def report(dtype: Dtype, baseline: Run, scored: Run, reached: float, rate: float) -> None:
    apart = np.abs(scored.scores - baseline.scores)
    of_itself = (apart[:, 0] / np.abs(baseline.scores[:, 0])).max()
    of_iqr = apart[:, 1].max() / np.subtract(*np.percentile(baseline.scores[:, 1], [75, 25]))
    ches, ln_ches = (ranks(baseline.scores[:, which], scored.scores[:, which]) for which in (0, 1))
    flips = int((np.sign(scored.scores[:, 0]) != np.sign(baseline.scores[:, 0])).sum())
    print(
        f"  {dtype:<9}{baseline.seconds / scored.seconds:5.2f} × plain   {reached:.0f} of {rate:.0f} GFLOP/s "
        f"({reached / rate:.0%})   "
        f"CHES off by {of_itself:.1e} (relative), {ches}; ln-CHES by {of_iqr:.1e} of its IQR, {ln_ches}; "
        f"signs flipped {flips}"
    )


if __name__ == "__main__":
    main()
