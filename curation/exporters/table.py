"""CSV for people: one line a pair, in words, safe to open in a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from curation.csv_lines import csv_lines
from curation.exporters.base import About, LengthRule, Reason, Rule, Snippet, TrainingRow, Written

COLUMNS = (
    "row", "split", "pair", "prompt_id", "category", "source", "licence", "prompt", "chosen", "rejected",
    "p_chosen_better", "margin", "weight", "block", "chosen_by", "rejected_by",
)  # fmt: skip


class Table:
    name: ClassVar[str] = "csv"
    label: ClassVar[str] = "CSV for people"
    trainer: ClassVar[str] = "Other code and people"
    suffix: ClassVar[str] = "csv"
    help: ClassVar[str] = (
        "One line for each pair, with readable columns, for spreadsheets and for looking things up."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "A text that begins with =, +, −, @, a tab, a line break or an apostrophe has an apostrophe put "
            "before it, so that no spreadsheet runs it as a formula. Take one apostrophe off the front of a "
            "cell that has one and you have the text as it was."
        ),
        "Some spreadsheets cut cells at 32,767 characters; the file holds the whole text.",
        "Images and sound are named by their kind in square brackets.",
    )
    rules: tuple[Rule, ...] = ()
    length_rules: ClassVar[tuple[LengthRule, ...]] = ()
    rows_per_pair: ClassVar[int] = 1
    needs_origin: ClassVar[bool] = False
    by_prompt: ClassVar[bool] = False

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.rules

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:  # noqa: ARG002 -- other formats name the version
        written = Written()

        def counted() -> Iterable[tuple[object, ...]]:
            for row in rows:
                written.n_rows += 1
                yield cells(row)

        # The mark at the start tells Excel that it is UTF-8; newlines are csv's own.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            file.writelines(csv_lines(COLUMNS, counted()))
        return written

    def example(self, row: TrainingRow) -> str:
        return "".join(csv_lines(COLUMNS, [cells(row)])).replace("\r\n", "\n").rstrip("\n")

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = f'import pandas\n\nrows = pandas.read_csv("{about.file_name(self)}", keep_default_na=False)'
        return (Snippet("look.py", text),)


def cells(row: TrainingRow) -> tuple[object, ...]:
    return (
        row.position, row.split, row.pair_id, row.prompt_id, row.category, row.source, row.licence,
        prompt_text(row.messages), row.chosen, row.rejected, row.soft_label, row.margin, row.weight,
        row.block, row.chosen_by, row.rejected_by,
    )  # fmt: skip


def prompt_text(messages: list[dict[str, Any]]) -> str:
    """A single user turn as it is; several turns under their roles."""
    if len(messages) == 1 and messages[0]["role"] == "user":
        return content_text(messages[0])
    return "\n\n".join(f"{turn['role'].capitalize()}: {content_text(turn)}" for turn in messages)


def content_text(turn: dict[str, Any]) -> str:
    content = turn["content"]
    if isinstance(content, str):
        text = content
    else:
        text = "\n".join(part["text"] if part["type"] == "text" else f"[{part['type']}]" for part in content)
    calls = turn.get("tool_calls")
    return f"{text}\n[tool calls: {json.dumps(calls, ensure_ascii=False)}]".lstrip() if calls else text
