"""How fast, and in how much memory, a large campaign's agreement and reliability are computed.

    python -m benchmarks.agreement [--items 333334]

Three of 64 raters judge each item on a scale of five. Each row starts from the table in memory. The baseline
in the same run is Krippendorff's alpha in plain Python, pair by pair, on a 1 % sample of the items.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np

from annotators.algorithms.agreement import (
    LEVELS,
    bootstrap_interval,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
)
from annotators.algorithms.ratings import FloatArray, IntArray, RatingTable
from annotators.algorithms.reliability import dawid_skene

N_RATERS = 64
PER_ITEM = 3
SCALE = np.array([-3, -2, 0, 2, 3])


def draw_columns(n_items: int) -> tuple[IntArray, IntArray, IntArray]:
    """Items, raters and values: raters are right in 50 to 95 %, and guess otherwise."""
    draw = np.random.default_rng(7)
    item = np.repeat(np.arange(n_items), PER_ITEM)
    first = draw.integers(N_RATERS, size=n_items)
    steps = draw.integers(1, N_RATERS // PER_ITEM, size=(n_items, PER_ITEM - 1)).cumsum(axis=1)
    rater = (np.column_stack([first, first[:, None] + steps]) % N_RATERS).ravel()
    truth = draw.integers(len(SCALE), size=n_items)[item]
    right = draw.random(len(item)) < draw.uniform(0.5, 0.95, N_RATERS)[rater]
    return item, rater, SCALE[np.where(right, truth, draw.integers(len(SCALE), size=len(item)))]


def naive_alpha(ratings: list[tuple[int, ...]]) -> float:
    """Nominal alpha as most people would first write it."""
    bags = defaultdict(list)
    for item, _, value in ratings:
        bags[item].append(value)
    coincidences: dict[tuple[int, int], float] = defaultdict(float)
    for bag in bags.values():
        for pair in permutations(bag, 2):
            coincidences[pair] += 1 / (len(bag) - 1)
    totals: dict[int, float] = defaultdict(float)
    for (value, _), n in coincidences.items():
        totals[value] += n
    n_all = sum(totals.values())
    observed = sum(n for (c, k), n in coincidences.items() if c != k)
    expected = sum(totals[c] * totals[k] for c in totals for k in totals if c != k) / (n_all - 1)
    return 1 - observed / expected


def peak_mib(*, forget: bool = False) -> float:
    """The most memory held so far; on Linux, since it was last told to forget."""
    refs, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not refs.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if forget:
        refs.write_text("5")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(name: str, run: Callable[[], object]) -> tuple[float, float]:
    """Run once and print a row; the seconds and the peak MiB."""
    peak_mib(forget=True)
    began = time.perf_counter()
    result = run()
    seconds, peak = time.perf_counter() - began, peak_mib()
    print(f"{name:<34}{seconds:>8.2f} s{peak:>9,.0f} MiB   {result}", flush=True)
    return seconds, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--items", type=int, default=333_334)
    n_items = parser.parse_args().items
    columns = draw_columns(n_items)
    table = RatingTable.from_arrays(*columns)
    print(f"{len(table):,} judgments: {n_items:,} items × {PER_ITEM} of {N_RATERS} raters\n")

    values = columns[2].reshape(n_items, PER_ITEM)
    rows: dict[str, Callable[[], object]] = {
        "table from arrays": lambda: len(RatingTable.from_arrays(*columns)),
        "percent agreement": lambda: rounded(percent_agreement(table)),
        **{f"alpha, {level}": partial(alpha_of, table, level) for level in LEVELS},
        "Cohen's kappa, all first two": lambda: rounded(cohen_kappa(values[:, 0], values[:, 1])),
        "Cohen's kappa, quadratic": lambda: rounded(cohen_kappa(values[:, 0], values[:, 1], "quadratic")),
        "Fleiss' kappa": lambda: rounded(fleiss_kappa(table)),
        "Dawid-Skene": lambda: f"{dawid_skene(table).n_iter} rounds",
        **{f"alpha, {level}, 1,000 resamples": partial(interval_of, table, level) for level in LEVELS},
    }
    measured = {name: measure(name, run) for name, run in rows.items()}
    seconds, peaks = zip(*measured.values(), strict=True)
    print(f"{'all':<34}{sum(seconds):>8.2f} s{max(peaks):>9,.0f} MiB\n")

    n_plain = PER_ITEM * max(n_items // 100, 1)
    plain = list(zip(*(column[:n_plain].tolist() for column in columns), strict=True))
    naive, _ = measure(f"plain Python alpha, {len(plain):,}", lambda: rounded(naive_alpha(plain)))
    ours = measured["alpha, nominal"][0]
    ratio = (naive / len(plain)) / (ours / len(table))
    print(f"per judgment, alpha takes 1/{ratio:.0f} of the time plain Python takes")


def rounded(value: float) -> float:
    return round(value, 4)


def alpha_of(table: RatingTable, level: str) -> float:
    return rounded(krippendorff_alpha(table, level))  # type: ignore[arg-type]


def interval_of(table: RatingTable, level: str) -> FloatArray:
    interval = bootstrap_interval(partial(krippendorff_alpha, level=level), table)  # type: ignore[arg-type]
    return np.round([interval.low, interval.high], 4)


if __name__ == "__main__":
    main()
