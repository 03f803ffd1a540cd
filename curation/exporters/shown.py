"""A format as the formats page shows it: with a row of real data where there is one that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from curation.exporters.base import About, Exporter, Snippet, TrainingRow, why_left_out

SHOWN_CHARS = 300  # of each text in an example

_MADE_UP = TrainingRow(
    messages=[{"role": "user", "content": "Name a prime number above 10."}],
    chosen="11 is one: nothing but 1 and 11 divides it.",
    rejected="15 is a prime number.",
    soft_label=0.9,
    margin=0.8,
    prompt_id="7d6c",
    category="maths",
    source="made up",
    licence="cc0-1.0",
    chosen_by="model-a",
    rejected_by="model-b",
)
_SYSTEM = {"role": "system", "content": "Answer in one sentence."}
MADE_UP = (_MADE_UP, replace(_MADE_UP, messages=[_SYSTEM, *_MADE_UP.messages]))


@dataclass(frozen=True)
class ShownFormat:
    """`position` is the row of the version that the example was made of; None if it is made up."""

    exporter: Exporter
    example: str
    position: int | None
    usage: tuple[Snippet, ...]


def shown_format(exporter: Exporter, rows: Iterable[TrainingRow], about: About) -> ShownFormat:
    row = next((row for row in rows if not why_left_out(exporter.rules, row)), None)
    made_up = next(row for row in MADE_UP if not why_left_out(exporter.rules, row))
    return ShownFormat(
        exporter=exporter,
        example=exporter.example(shortened(row or made_up)),
        position=row.position if row else None,
        usage=exporter.usage(about),
    )


def shortened(row: TrainingRow) -> TrainingRow:
    """The same row with long texts cut, for a page."""
    messages = [{**turn, "content": _cut(turn["content"])} for turn in row.messages]
    return replace(row, messages=messages, chosen=_cut(row.chosen), rejected=_cut(row.rejected))


def _cut(content: Any) -> Any:
    is_long = isinstance(content, str) and len(content) > SHOWN_CHARS
    return f"{content[:SHOWN_CHARS]}…" if is_long else content
