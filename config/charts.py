"""Small charts drawn on the server: they work without JavaScript and say in words what they show."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

WIDTH, HEIGHT, BASE, TOP, GAP = 640, 150, 128, 6, 1
COLUMNS_HEIGHT, COLUMNS_BASE = 72, 71
_ids = count(1)


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    below: bool
    title: str


@dataclass(frozen=True)
class Histogram:
    """Everything `components/histogram.html` draws; coordinates in its view box."""

    id: str
    label: str
    description: str
    bars: list[Bar]
    low: str
    high: str
    threshold_xs: list[float]
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE


@dataclass(frozen=True)
class Whisker:
    """What `components/whisker.html` draws: a value with its interval on a scale; x in its view box."""

    description: str
    x: float
    low_x: float | None
    high_x: float | None
    mark_x: float | None
    width: int = 200
    height: int = 16


@dataclass(frozen=True)
class _Scale:
    """How values and counts map to the view box."""

    bins: int
    most: int
    low: float
    span: float
    thresholds: Sequence[float] = ()
    each: float = 1.0  # how many each count stands for

    def count(self, n: int) -> str:
        return f"{n:,}" if self.each == 1 else f"about {round(n * self.each):,}"

    def is_below(self, index: int) -> bool:
        """Whether all values of the bar lie under the one threshold or outside the two; the last bar has the
        highest value in it."""
        if not self.thresholds:
            return False
        start, end = (self.low + self.span * at / self.bins for at in (index, index + 1))
        first, last = self.thresholds[0], self.thresholds[-1]
        rounding = 1e-9 * self.span
        under = end < first - rounding if index == self.bins - 1 else end <= first
        return under or (len(self.thresholds) > 1 and start >= last)


def histogram(
    values: Iterable[float | None],
    *,
    bins: int,
    label: str,
    thresholds: Sequence[float] = (),
    of: int | None = None,
) -> Histogram | None:
    """Counts per equal-width bin; None without a finite value. Bars under the one threshold, or outside the
    two, are marked. Where the values are a sample `of` more, counts are scaled and said to be about that."""
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    if not numbers:
        return None
    low, high = min(numbers), max(numbers)
    span = (high - low) or 1.0
    counts = [0] * bins
    for number in numbers:
        counts[min(int((number - low) / span * bins), bins - 1)] += 1
    scale = _Scale(bins, max(counts), low, span, thresholds, max(of or 0, len(numbers)) / len(numbers))
    return Histogram(
        id=f"chart-{next(_ids)}",
        label=label,
        description=_describe(numbers, scale),
        bars=[_bar(index, n, scale) for index, n in enumerate(counts) if n],
        low=number_text(low),
        high=number_text(high),
        threshold_xs=[_threshold_x(threshold, low, span) for threshold in thresholds],
    )


def binned_histogram(counts: Sequence[int], *, low: float, high: float, label: str) -> Histogram | None:
    """A histogram of values that were counted elsewhere, in equal-width bins from `low` to `high`; None where
    nothing was counted."""
    if not any(counts):
        return None
    scale = _Scale(len(counts), max(counts), low, (high - low) or 1.0)
    return Histogram(
        id=f"chart-{next(_ids)}",
        label=label,
        description=f"{sum(counts):,} values from {number_text(low)} to {number_text(high)}.",
        bars=[_bar(index, n, scale) for index, n in enumerate(counts) if n],
        low=number_text(low),
        high=number_text(high),
        threshold_xs=[],
    )


def whisker(
    value: float, low: float | None, high: float | None, *, least: float, most: float, mark: float | None
) -> Whisker:
    """A value and its interval between `least` and `most`; what lies outside is drawn at the edge. `mark` is
    where chance, or no bias, would be."""

    def x(at: float) -> float:
        share = min(max((at - least) / (most - least), 0.0), 1.0)
        return round(4 + share * (Whisker.width - 8), 2)

    known = low is not None and high is not None
    interval = f", interval {number_text(low)} to {number_text(high)}" if known else ""  # type: ignore[arg-type]
    scale = f"on a scale from {number_text(least)} to {number_text(most)}"
    return Whisker(
        description=f"{number_text(value)}{interval}, {scale}",
        x=x(value),
        low_x=x(low) if low is not None else None,
        high_x=x(high) if high is not None else None,
        mark_x=x(mark) if mark is not None else None,
    )


def number_text(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _bar(index: int, n: int, scale: _Scale) -> Bar:
    step = WIDTH / scale.bins
    tall = max((BASE - TOP) * n / scale.most, 1.5)
    width = scale.span / scale.bins
    start, end = scale.low + width * index, scale.low + width * (index + 1)
    return Bar(
        x=round(index * step + GAP / 2, 2),
        y=round(BASE - tall, 2),
        width=round(step - GAP, 2),
        height=round(tall, 2),
        below=scale.is_below(index),
        title=f"{number_text(start)} to {number_text(end)}: {scale.count(n)}",
    )


def _threshold_x(threshold: float, low: float, span: float) -> float:
    return round(min(max((threshold - low) / span, 0.0), 1.0) * WIDTH, 2)


def _describe(numbers: list[float], scale: _Scale) -> str:
    text = (
        f"{round(len(numbers) * scale.each):,} values from {number_text(min(numbers))} to "
        f"{number_text(max(numbers))}, median {number_text(statistics.median(numbers))}."
    )
    if scale.each > 1:
        text += f" Counts are scaled from a sample of {len(numbers):,}."
    for threshold in scale.thresholds:
        below = sum(number < threshold for number in numbers)
        text += f" The threshold {number_text(threshold)} has {scale.count(below)} below it."
    return text


@dataclass(frozen=True)
class Columns:
    """Everything `components/columns.html` draws: one bar per named value, in order."""

    id: str
    label: str
    description: str
    bars: list[Bar]
    first: str
    last: str
    width: int = WIDTH
    height: int = COLUMNS_HEIGHT
    base: int = COLUMNS_BASE


def columns(values: Sequence[tuple[str, int]], *, label: str) -> Columns | None:
    """A bar for each (name, count); None where every count is 0."""
    most = max((n for _, n in values), default=0)
    if not most:
        return None
    step = WIDTH / len(values)
    bars = []
    for index, (name, n) in enumerate(values):
        tall = max((COLUMNS_BASE - TOP) * n / most, 1.5) if n else 0.0
        bars.append(
            Bar(
                x=round(index * step + GAP, 2),
                y=round(COLUMNS_BASE - tall, 2),
                width=round(step - 2 * GAP, 2),
                height=round(tall, 2),
                below=False,
                title=f"{name}: {n:,}",
            )
        )
    busiest = max(values, key=lambda named: named[1])
    total = sum(n for _, n in values)
    return Columns(
        id=f"chart-{next(_ids)}",
        label=label,
        description=f"{total:,} in all; most at {busiest[0]}: {most:,}.",
        bars=bars,
        first=values[0][0],
        last=values[-1][0],
    )
