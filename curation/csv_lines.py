"""CSV as it is made, line by line, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", "'")


class _Echo:
    """A file for `csv.writer` that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([no_formula(cell) if isinstance(cell, str) else cell for cell in row])


def no_formula(text: str) -> str:
    """A spreadsheet would run a cell that starts like a formula (OWASP, CSV injection).

    A text that starts with an apostrophe gets one too: taking one off the front restores every text.
    """
    return f"'{text}" if text.startswith(FORMULA) else text
