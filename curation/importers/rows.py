"""What every reader yields, and how a file is opened by its format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

MAX_ROW_BYTES = 4 * 2**20


# Not frozen, as nothing that is made for every row: a frozen object takes five times as long to make.
@dataclass(slots=True)
class Position:
    """Where a reader may start again.

    `offset` is a byte of the decompressed text, or a row of a Parquet file; `line` is the number of
    lines (or rows) before it.
    """

    offset: int = 0
    line: int = 0


@dataclass(slots=True)
class FileRow:
    """One row of a file: its `value`, or the `problem` that kept it from being read.

    `size` is its length in bytes; `after` is where the next row starts.
    """

    line: int
    size: int
    after: Position
    value: dict[str, Any] | None = None
    problem: str = ""
    excerpt: str = ""


class RowReader(Protocol):
    """Reads a file row by row in constant memory. A file that cannot be read on raises CurationError."""

    def rows(self, start: Position) -> Iterator[FileRow]: ...

    def bytes_read(self) -> int:
        """How far into the stored file the last row was, for progress."""

    def close(self) -> None: ...


def open_reader(path: Path, file_format: str, max_bytes: int) -> RowReader:
    """The reader for a `PromptImport.Format`. `max_bytes` bounds what is read after decompression."""
    from curation.importers.json_array import JsonArrayReader
    from curation.importers.parquet import ParquetReader
    from curation.importers.text import CsvReader, JsonLinesReader

    readers: dict[str, type[JsonLinesReader | JsonArrayReader | CsvReader | ParquetReader]] = {
        "jsonl": JsonLinesReader,
        "json": JsonArrayReader,
        "csv": CsvReader,
        "parquet": ParquetReader,
    }
    return readers[file_format](path, max_bytes)
