"""PostgreSQL COPY: the fast way in and out for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

SEND = {"i2": "int2send", "i4": "int4send", "i8": "int8send", "f8": "float8send"}
_HEAD = (
    19 + 2 + 4 + 8 + 4
)  # signature, flags, extension; field count; length and value of n; length of the rows


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
    """What `query` selects, in its order, as a record array.

    PostgreSQL packs the rows into one value, up to a GiB: several million rows a second, where a row at a
    time is half a million. `columns` are (name, type) with type one of i2, i4, i8, f8; each must be selected
    as that SQL type and never be null. Raises ValueError where one is null.
    """
    names = ", ".join(f"column_{place}" for place in range(len(columns)))
    packed = " || ".join(f"{SEND[kind]}(column_{place})" for place, (_, kind) in enumerate(columns))
    statement = f"""
        COPY (SELECT count(*), coalesce(string_agg({packed}, ''::bytea), ''::bytea)
              FROM ({query}) AS asked ({names}))
        TO STDOUT (FORMAT BINARY)
    """  # noqa: S608 -- `query` and the columns' types are constants of this code base
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        # The driver's own cursor: Django's, where it logs queries, takes no parameters here.
        cursor.cursor.copy(statement, params) as copy,
    ):
        data = b"".join(copy)
    n_rows = int.from_bytes(data[_HEAD - 12 : _HEAD - 4], "big")
    row = np.dtype([(name, f">{kind}") for name, kind in columns])
    body = int.from_bytes(data[_HEAD - 4 : _HEAD], "big")
    if body != n_rows * row.itemsize:
        raise ValueError("a column is null")
    rows = np.frombuffer(data, dtype=row, count=n_rows, offset=_HEAD)
    return rows.astype([*columns])
