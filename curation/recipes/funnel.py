"""Run the steps one after another and remember, for every pair, where it went and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from curation.algorithms.filters import BoolArray, Cut, FloatArray, IntArray
from curation.recipes.base import Column, Step
from curation.recipes.exclusions import NotExcluded
from curation.recipes.pool import Pool

EXAMPLES = 10
SHOWN_VALUES = 1000


@dataclass(frozen=True)
class Drops:
    """The pairs that left at the step with this index; `why` is the 1-based place of each one's reason."""

    step_index: int
    step: str
    pair_ids: IntArray
    why: IntArray
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Funnel:
    """`kept` are places in the pool; `report` is the JSON that pages show, one entry per step. `columns`
    holds what steps gave the pairs of the pool, NaN where they gave nothing; the last one counts."""

    report: list[dict[str, Any]]
    kept: IntArray
    drops: list[Drops]
    columns: dict[Column, FloatArray]


@dataclass(frozen=True)
class Emptied:
    """Why no pair is left, in words, and the place in the report of the step that took the last ones; −1
    where none came in."""

    place: int
    words: str


@dataclass(frozen=True)
class Preview:
    """The funnel's report; `before` are the entries that come before the first step of the recipe."""

    report: list[dict[str, Any]]
    before: int
    pairs_in: int
    pairs_kept: int
    read_at: datetime

    @property
    def emptied(self) -> Emptied | None:
        return emptied(self.report, self.pairs_in)


def emptied(report: Sequence[dict[str, Any]], pairs_in: int) -> Emptied | None:
    """None where pairs are left. `report` is that of a funnel, of at least one step."""
    if report[-1]["kept"]:
        return None
    if not pairs_in:
        return Emptied(-1, "The project has no pairs outside gold prompts. Build pairs first.")
    place, step = next((place, step) for place, step in enumerate(report) if not step["kept"])
    reasons = ", ".join(f"{reason} ({n})" for reason, n in step["reasons"].items())
    by_itself = step["step"] == NotExcluded.model_fields["step"].default
    advice = "Take excluded prompts back" if by_itself else "Loosen that step"
    words = (
        f"None of the {pairs_in} pairs is left after “{step['label']}”, which dropped the last "
        f"{step['dropped']}: {reasons}. {advice}, or judge more pairs."
    )
    return Emptied(place, words)


def run_steps(pool: Pool, steps: Sequence[Step]) -> Funnel:
    """The steps in order. Where the pool has pairs of excluded prompts, a step of their own comes first."""
    if pool.exclusions[0].any():
        steps = [NotExcluded(), *steps]
    at = np.arange(len(pool), dtype=np.int64)
    report: list[dict[str, Any]] = []
    drops: list[Drops] = []
    columns: dict[Column, FloatArray] = {}
    for index, step in enumerate(steps):
        cut = step.cut(pool, at)
        ids = pool.pair_ids[at]
        gone = ~cut.keep
        drops.append(Drops(index, step.step, ids[gone], cut.why[gone], cut.reasons))
        report.append(_entry(step, cut, ids))
        at = at[cut.keep]
        if step.sets and cut.values is not None:
            columns[step.sets] = np.full(len(pool), np.nan)
            columns[step.sets][at] = cut.values[cut.keep]
    return Funnel(report, at, drops, columns)


def _entry(step: Step, cut: Cut, ids: IntArray) -> dict[str, Any]:
    return {
        "step": step.step,
        "label": step.label,
        "params": step.params,
        "kept": int(cut.keep.sum()),
        "dropped": int((~cut.keep).sum()),
        "reasons": cut.counts(),
        "examples": {
            "kept": ids[_nearest_the_border(cut, cut.keep)].tolist(),
            "dropped": ids[_nearest_the_border(cut, ~cut.keep)].tolist(),
        },
        "values": _shown_values(cut),
        "valued": int(np.isfinite(cut.values).sum()) if cut.values is not None else 0,
        "borders": list(cut.borders),
        "named": [list(each) for each in cut.named],
        "notes": [asdict(note) for note in cut.notes],
    }


def _nearest_the_border(cut: Cut, which: BoolArray) -> IntArray:
    """Places of those in `which`, the closest call first; the first ones where the step has no number."""
    at = np.flatnonzero(which)
    if cut.values is None or not cut.borders or not len(at):
        return at[:EXAMPLES]
    values = cut.values[at]
    distance = np.min([np.abs(values - border) for border in cut.borders], axis=0)
    distance[np.isnan(distance)] = np.inf
    # Only those no farther than the last that is shown need an order.
    last = min(EXAMPLES, len(at)) - 1
    near = np.flatnonzero(distance <= np.partition(distance, last)[last])
    return at[near[np.argsort(distance[near], kind="stable")][:EXAMPLES]]


def _shown_values(cut: Cut) -> list[float]:
    """The step's numbers in order; of many, evenly spaced order statistics, which keep the shape."""
    if cut.values is None:
        return []
    values = np.sort(cut.values[np.isfinite(cut.values)])
    if len(values) > SHOWN_VALUES:
        values = values[np.linspace(0, len(values) - 1, SHOWN_VALUES).astype(np.int64)]
    return [float(f"{value:.6g}") for value in values.tolist()]
