"""Files that are the same bytes for the same rows: JSON lines, Parquet, and zips without a clock."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUP = 1000  # rows of a Parquet row group: fixed, so that the same rows give the same bytes
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold

MESSAGES = pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())]))


def json_line(row: dict[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def write_json_lines(rows: Iterable[dict[str, Any]], file: IO[bytes]) -> None:
    for row in rows:
        file.write(json_line(row))


def write_parquet(rows: Iterable[dict[str, Any]], file: IO[bytes], schema: pa.Schema) -> None:
    with ParquetFile(file, schema) as parquet:
        for row in rows:
            parquet.add(row)


class ParquetFile:
    """Rows one by one into groups of `GROUP`. The file is whole when the block ends."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd", version="2.6")
        self._group: list[dict[str, Any]] = []

    def __enter__(self) -> ParquetFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, row: dict[str, Any]) -> None:
        self._group.append(row)
        if len(self._group) == GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._group:
            columns = [_column([row[field.name] for row in self._group], field) for field in self._schema]
            table = pa.Table.from_arrays(columns, schema=self._schema)
            self._writer.write_table(table, row_group_size=GROUP)
            self._group = []


def _column(values: list[Any], field: pa.Field) -> pa.Array:
    """What `pa.array` makes of the values; lists of messages from their parts, which is much faster."""
    if not (pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type)):
        return pa.array(values, field.type)
    message = field.type.value_type
    ends = np.cumsum([0, *map(len, values)], dtype=np.int32)
    parts = [pa.array([turn[part.name] for turns in values for turn in turns], part.type) for part in message]
    turns = pa.StructArray.from_arrays(parts, fields=list(message))
    return pa.ListArray.from_arrays(pa.array(ends), turns, type=field.type)


class SteadyZip:
    """A zip whose members have one date and the same rights everywhere, in the order they are added."""

    def __init__(self, path: Path) -> None:
        self._zip = ZipFile(path, "w")

    def __enter__(self) -> SteadyZip:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        info = ZipInfo(name, EPOCH)
        info.create_system = 3  # Unix, wherever it is written: the rights below are Unix's
        info.external_attr = 0o644 << 16
        # Parquet is compressed already.
        info.compress_type = ZIP_STORED if name.endswith(".parquet") else ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as file:
            yield file

    def add(self, name: str, text: str) -> None:
        with self.member(name) as file:
            file.write(text.encode())

    def copy(self, name: str, source: IO[bytes]) -> None:
        source.seek(0)
        with self.member(name) as file:
            shutil.copyfileobj(source, file)
