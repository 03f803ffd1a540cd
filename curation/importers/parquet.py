"""Parquet, one small batch of a row group at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curation.errors import CurationError
from curation.importers.lines import too_large
from curation.importers.rows import MAX_ROW_BYTES, FileRow, Position
from curation.importers.text import NOT_UTF8, TOO_LONG

BATCH_BYTES = 8 * 2**20
# Repeated long values are tiny in the file: this bounds what one batch of them can unfold to.
BATCH_ROWS = 500
MAX_GROUP_BYTES = 2**30


class ParquetReader:
    """Rows of a Parquet file; a `Position` counts rows, since bytes mean nothing in a columnar file."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
        except (pa.ArrowException, OSError) as error:
            raise CurationError(
                "The file is not readable as Parquet; it may be cut off. "
                "Write it again and upload the new file."
            ) from error
        self._max_bytes = max_bytes
        self._file_bytes = path.stat().st_size
        self._row = 0
        self._unfolded = 0

    def close(self) -> None:
        self._file.close()

    def bytes_read(self) -> int:
        total = self._file.metadata.num_rows
        return self._file_bytes * self._row // total if total else self._file_bytes

    def rows(self, start: Position) -> Iterator[FileRow]:
        self._row = 0
        for group in range(self._file.num_row_groups):
            metadata = self._file.metadata.row_group(group)
            if metadata.total_byte_size > MAX_GROUP_BYTES:
                raise CurationError(
                    f"Row group {group + 1} of the Parquet file is larger than 1 GiB. "
                    "Write the file with smaller row groups."
                )
            if self._row + metadata.num_rows <= start.offset:
                self._row += metadata.num_rows
            elif metadata.num_rows:
                yield from self._group_rows(group, start.offset)

    def _group_rows(self, group: int, first: int) -> Iterator[FileRow]:
        metadata = self._file.metadata.row_group(group)
        average = max(metadata.total_byte_size // metadata.num_rows, 1)
        size = max(1, min(BATCH_ROWS, BATCH_BYTES // average))
        try:
            for batch in self._file.iter_batches(batch_size=size, row_groups=[group], use_threads=False):
                self._unfolded += batch.nbytes
                if self._unfolded > self._max_bytes:
                    raise CurationError(too_large(self._max_bytes))
                skipped = min(max(first - self._row, 0), batch.num_rows)
                self._row += skipped
                yield from self._batch_rows(batch.slice(skipped))
        except (pa.ArrowException, OSError) as error:
            raise CurationError(
                f"The Parquet file is damaged near row {self._row + 1}. The rows before it were read. "
                "Write the file again and import it: rows that are here already count as duplicates."
            ) from error

    def _batch_rows(self, batch: Any) -> Iterator[FileRow]:
        for value, problem in _values(batch):
            self._row += 1
            size = batch.nbytes // batch.num_rows
            yield FileRow(self._row, size, Position(self._row, self._row), value, problem)


def _values(batch: Any) -> list[tuple[dict[str, Any] | None, str]]:
    """Each row of a batch as Python values, or why it is none."""
    if batch.nbytes <= MAX_ROW_BYTES:
        # One bad cell spoils the whole conversion: then the rows are tried one by one.
        with suppress(ValueError):
            return [(_clean(row), "") for row in batch.to_pylist()]
    return [_value(batch.slice(index, 1)) for index in range(batch.num_rows)]


def _value(row: Any) -> tuple[dict[str, Any] | None, str]:
    if row.nbytes > MAX_ROW_BYTES:
        return None, TOO_LONG
    try:
        return _clean(row.to_pylist()[0]), ""
    except UnicodeDecodeError:
        return None, NOT_UTF8
    except ValueError as error:
        return None, f"The row cannot be read: {error}"


def _clean(row: dict[str, Any]) -> dict[str, Any]:
    """Data frames write NaN where a value is missing."""
    return {
        name: None if isinstance(cell, float) and math.isnan(cell) else cell for name, cell in row.items()
    }
