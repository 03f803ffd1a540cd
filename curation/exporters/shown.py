"""A format as the formats page shows it: with a row of real data where there is one that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from curation.exporters.base import About, Exporter, Snippet, TrainingRow, why_left_out
from curation.exporters.origin import Origin, Said

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
    origin=Origin(
        chosen=2,
        prompt={"language": "en", "tags": ["primes"], "metadata": {}},
        responses=({"by": "model", "model": "model-b"}, {"by": "model", "model": "model-a"}),
        judgments=(
            Said(
                rater="person-1",
                kind="person",
                left=2,
                outcome="preferred",
                source="campaign",
                created_at="2026-01-05T10:00:00+00:00",
                preference=3,
                rationale="15 is 3 times 5.",
                duration_ms=8200,
                guideline=1,
            ),
        ),
    ),
)
_STEPS = replace(
    _MADE_UP,
    messages=[{"role": "user", "content": "Is 91 a prime number?"}],
    chosen="Step 1: 91 is odd. Step 2: 7 × 13 = 91, so it is not.",
    rejected="Step 1: 91 is odd. Step 2: Nothing below 10 divides it, so it is.",
    origin=Origin(
        chosen=1,
        responses=tuple(
            {"by": "model", "model": name, "segments": [
                {"start": 0, "end": 18, "verdict": "right"}, {"start": 19, "end": end, "verdict": verdict}
            ]}
            for name, end, verdict in (("model-a", 53, "right"), ("model-b", 65, "wrong"))
        ),
    ),
)  # fmt: skip
_SYSTEM = {"role": "system", "content": "Answer in one sentence."}
_CALLS = replace(
    _MADE_UP,
    messages=[
        {"role": "user", "content": "Is 91 a prime number?"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"type": "function", "function": {"name": "factors", "arguments": {"n": 91}}}
        ]},
        {"role": "tool", "name": "factors", "content": "[7, 13]"},
    ],
    chosen="No: it is 7 × 13.",
    rejected="Yes.",
)  # fmt: skip
MADE_UP = (_MADE_UP, replace(_MADE_UP, messages=[_SYSTEM, *_MADE_UP.messages]), _STEPS, _CALLS)


@dataclass(frozen=True)
class ShownFormat:
    """`position` is the row of the version that the example was made of; None if it is made up."""

    exporter: Exporter
    example: str
    position: int | None
    usage: tuple[Snippet, ...]


def shown_format(exporter: Exporter, rows: Iterable[TrainingRow], about: About) -> ShownFormat:
    """With the first row that the format takes, also with its long texts cut: steps and verdicts may be lost
    by that."""
    fit = (row for row in rows if not why_left_out(exporter.rules, row))
    row = next((cut for cut in map(shortened, fit) if not why_left_out(exporter.rules, cut)), None)
    made_up = next(row for row in MADE_UP if not why_left_out(exporter.rules, row))
    return ShownFormat(
        exporter=exporter,
        example=exporter.example(row or made_up),
        position=row.position if row else None,
        usage=exporter.usage(about),
    )


def shortened(row: TrainingRow) -> TrainingRow:
    """The same row with long texts cut, for a page."""
    messages = [{**turn, "content": _cut(turn["content"])} for turn in row.messages]
    return replace(
        row,
        messages=messages,
        chosen=_cut(row.chosen),
        rejected=_cut(row.rejected),
        origin=row.origin and _cut_origin(row.origin),
    )


def _cut_origin(origin: Origin) -> Origin:
    return replace(
        origin,
        prompt=_cut(origin.prompt),
        responses=tuple(map(_cut, origin.responses)),
        judgments=tuple(map(_cut_said, origin.judgments)),
    )


def _cut_said(said: Said) -> Said:
    return replace(
        said,
        rationale=_cut(said.rationale),
        attributes=_cut(said.attributes),
        earlier=tuple(map(_cut_said, said.earlier)),
    )


def _cut(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _cut(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_cut(value) for value in content]
    is_long = isinstance(content, str) and len(content) > SHOWN_CHARS
    return f"{content[:SHOWN_CHARS]}…" if is_long else content
