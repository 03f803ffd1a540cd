"""PostgreSQL COPY: the fast way in for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def copy_in(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows to a table in the text protocol; a JSON column takes JSON text.

    `rows` must not ask the database while it is read: the connection is busy and would wait for itself.
    `table` and `columns` are names from this code base, never input.
    """
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
