"""How the first rows of a preference file would land, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curation.importers.datasets.record import Answer, Comparison, DatasetFormat
from curation.importers.rows import FileRow
from curation.services.preference_parse import ParsedPreference, ReadOptions, preference_entries

SHOWN_COMPARISONS = 6
STRENGTHS = {1: "slightly better", 2: "better", 3: "much better"}
OUTCOMES = {"tie": "A tie", "both_bad": "Both bad", "skip": "Skipped"}


@dataclass(frozen=True)
class SaidRow:
    """One judgment: who says what about which two responses, counted from 1."""

    rater: str
    kind: str
    about: str
    says: str
    rationale: str


@dataclass(frozen=True)
class PreviewRow:
    """The rows behind one record, and the record or the problem."""

    title: str
    problem: str = ""
    prompt: dict[str, Any] | None = None
    answers: Sequence[Answer] = ()
    said: Sequence[SaidRow] = ()
    more: int = 0


def preview_rows(rows: list[FileRow], entry: DatasetFormat, options: ReadOptions) -> list[PreviewRow]:
    return [row for group, said in preference_entries(rows, entry, options) for row in _rows(group, said)]


def _rows(group: list[FileRow], said: list[ParsedPreference] | str) -> list[PreviewRow]:
    lines = " and ".join(str(row.line) for row in group)
    title = f"Lines {lines}" if len(group) > 1 else f"Line {lines}"
    if isinstance(said, str):
        return [PreviewRow(title, problem=said)]
    if len(said) == 1:
        return [_row(title, said[0])]
    return [_row(f"{title}, prompt {number}", one) for number, one in enumerate(said, start=1)]


def _row(title: str, said: ParsedPreference) -> PreviewRow:
    return PreviewRow(
        title,
        prompt=said.prompt.record,
        answers=said.answers,
        said=[_said(comparison) for comparison in said.comparisons[:SHOWN_COMPARISONS]],
        more=max(len(said.comparisons) - SHOWN_COMPARISONS, 0),
    )


def _said(comparison: Comparison) -> SaidRow:
    return SaidRow(
        rater=comparison.rater.label,
        kind={"person": "Person", "judge": "Judge"}[comparison.rater.kind],
        about=f"{comparison.first + 1} and {comparison.second + 1}",
        says=_words(comparison),
        rationale=comparison.rationale,
    )


def _words(comparison: Comparison) -> str:
    preference = comparison.preference
    if preference is None:
        return OUTCOMES[comparison.outcome]
    better = comparison.first if preference > 0 else comparison.second
    also = "".join(f"; {name}: {_better(comparison, side)}" for name, side in comparison.sides.items())
    margin = f"; margin {comparison.more['margin']}" if "margin" in comparison.more else ""
    return f"Response {better + 1} is {STRENGTHS[abs(preference)]}{also}{margin}"


def _better(comparison: Comparison, side: str) -> str:
    places = {"first": comparison.first, "second": comparison.second}
    return f"response {places[side] + 1}" if side in places else "level"
