"""The keys of a task form's parts, for the page's list of keys."""

from __future__ import annotations

from typing import NamedTuple

from annotators.task_form import TaskForm


class PartKey(NamedTuple):
    key: str
    does: str


def part_keys(form: TaskForm) -> list[PartKey]:
    """What each key does where the form has the part; the page's own keys come beside these."""
    keys: list[PartKey] = []
    if form.kind == "ranking":
        keys += [
            PartKey(
                f"1–{form.ranking_size}", "Give that response the next rank; with the focus on one, its rank"
            ),
            PartKey("=", "The next response ties with the one before"),
            PartKey("Backspace", "Take the last rank back"),
        ]
    if form.ratings or form.comparisons or form.segments:
        keys += [
            PartKey("r", "Go to the first row without an answer"),
            PartKey("0–9", "In a row: choose, and go on to the next"),
        ]
    if form.spans:
        keys += [
            PartKey("m", "Mark passages, left, then right, then no more"),
            PartKey("← → ↑ ↓", "While marking: move by a word or a line; with Shift, extend the passage"),
            PartKey("Enter", "While marking: choose the type of error, then how severe it is, by number"),
            PartKey("Delete", "While marking: remove the mark under the cursor"),
        ]
    if form.rationale:
        keys.append(PartKey("w", "Write the rationale"))
    if form.rewrite != "off":
        keys.append(PartKey("e", "Edit the better response"))
    return keys
