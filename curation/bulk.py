"""PostgreSQL COPY: the fast way in and out for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

SEND = {"i2": "int2send", "i4": "int4send", "i8": "int8send", "f8": "float8send"}
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
_HEAD = len(_SIGNATURE) + 2 + 4 + 8 + 4  # field count; length and value of n; length of the rows
_BLOCK = 50_000
# The sequence is looked up once, not for each id.
IDS = """
WITH found AS MATERIALIZED (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence)
SELECT array_agg(nextval(sequence)) FROM found, generate_series(1, %s)
"""


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


def next_ids(table: str, n: int) -> list[int]:
    """Ids of a table to come, so that rows can name each other before they are stored."""
    with connection.cursor() as cursor:
        cursor.execute(IDS, [table, n])
        return list(cursor.fetchone()[0] or ())


def copy_table(table: str, rows: npt.NDArray[np.void]) -> None:
    """Append a record array to a table with the same columns, in binary: `copy_out` backwards. A column of
    bytes, all of its length, is text."""
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(copy_statement(table, rows)) as copy,
    ):
        for block in packed(rows):
            copy.write(block)


def copy_statement(table: str, rows: npt.NDArray[np.void]) -> str:
    """The COPY that takes what `packed` makes of the rows."""
    return f"COPY {table} ({', '.join(rows.dtype.names or ())}) FROM STDIN (FORMAT BINARY)"


def packed(rows: npt.NDArray[np.void]) -> Iterator[bytes]:
    """The rows as PostgreSQL's binary COPY reads them."""
    names = rows.dtype.names or ()
    fields: list[tuple[str, Any]] = [("_fields", ">i2")]
    for name in names:
        fields += [(f"_{name}", ">i4"), (name, rows.dtype[name].newbyteorder(">"))]
    space = np.empty(min(len(rows), _BLOCK), dtype=fields)
    space["_fields"] = len(names)
    for name in names:
        space[f"_{name}"] = rows.dtype[name].itemsize
    yield _SIGNATURE
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        for name in names:
            space[name][: len(block)] = block[name]
        yield space[: len(block)].tobytes()
    yield b"\xff\xff"  # no more rows


def vector_type(dimensions: int) -> np.dtype[np.void]:
    """pgvector's type as it travels: its numbers are in `values`."""
    return np.dtype([("dimensions", "i2"), ("unused", "i2"), ("values", "f4", (dimensions,))])


def copy_out(
    query: str,
    params: Sequence[Any] | Mapping[str, Any],
    columns: Sequence[tuple[str, str | np.dtype[np.void]]],
) -> npt.NDArray[np.void]:
    """What `query` selects, in its order, as a record array.

    PostgreSQL packs the rows into one value, up to a GiB: several million rows a second, where a row at a
    time is half a million. `columns` are (name, type) with type one of i2, i4, i8, f8, or a `vector_type`;
    each must be selected as that SQL type and never be null. Raises ValueError where one is null.
    """
    names = ", ".join(f"column_{place}" for place in range(len(columns)))
    packed = " || ".join(f"{_sends(kind)}(column_{place})" for place, (_, kind) in enumerate(columns))
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
        data = bytearray()
        for block in copy:
            data += block
    n_rows = int.from_bytes(data[_HEAD - 12 : _HEAD - 4], "big")
    row = np.dtype([*columns])
    body = int.from_bytes(data[_HEAD - 4 : _HEAD], "big")
    if body != n_rows * row.itemsize:
        raise ValueError("a column is null")
    rows = np.frombuffer(data, dtype=row, count=n_rows, offset=_HEAD)
    for name, _ in columns:
        rows[name].byteswap(inplace=True)  # from the network's order, without a second copy
    return rows


def _sends(kind: str | np.dtype[np.void]) -> str:
    return SEND[kind] if isinstance(kind, str) else "vector_send"
