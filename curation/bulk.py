"""PostgreSQL COPY: the fast way in and out for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

_HEAD = 19  # signature, flags and an empty extension area
_TAIL = 2  # a field count of −1


def copy_in(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table in the text protocol; a JSON column takes JSON text.

    `rows` must not ask the database while it is read: the connection is busy and would wait for itself.
    `table` and `columns` are names from this code base, never input.
    """
    with (
        connection.wrap_database_errors,  # COPY goes past Django's cursor, which would do it
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def copy_out(query: str, params: Sequence[Any], columns: Sequence[tuple[str, str]]) -> npt.NDArray[np.void]:
    """What `query` selects, as a record array: a million rows a second, where tuples take ten.

    `columns` are (name, type) with type one of i2, i4, i8, f8: each must be selected as exactly that SQL type
    and never be null, because rows of one width are read without looking at them. Raises ValueError where
    they are not of one width.
    """
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        # The driver's own cursor: Django's, where it logs queries, takes no parameters here.
        cursor.cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT BINARY)", params) as copy,
    ):
        data = b"".join(copy)
    fields: list[tuple[str, str]] = [("_fields", ">i2")]
    for name, kind in columns:
        fields += [(f"_{name}", ">i4"), (name, f">{kind}")]
    row = np.dtype(fields)
    body = len(data) - _HEAD - _TAIL
    if body % row.itemsize:
        raise ValueError("a column is null or of another type than named")
    rows = np.frombuffer(data, dtype=row, count=body // row.itemsize, offset=_HEAD)
    if np.any(rows["_fields"] != len(columns)):
        raise ValueError("a column is null or of another type than named")
    found = np.empty(len(rows), dtype=[*columns])
    for name, kind in columns:
        if np.any(rows[f"_{name}"] != np.dtype(kind).itemsize):
            raise ValueError(f"column {name} is null or not {kind}")
        found[name] = rows[name]
    return found
