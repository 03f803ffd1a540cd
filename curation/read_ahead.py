"""The next rows are fetched while these are worked on: PostgreSQL and Python each have a core."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.db.models import QuerySet

CHUNK = 2000


def rows_ahead(values_list: QuerySet[Any, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a `values_list`, in its order, as `iterator()` gives them. Call inside a transaction.

    Outside one PostgreSQL would first write the whole result to a file of its own. Other queries may run
    between rows: they wait for the fetch that is under way.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("rows are read ahead inside a transaction only")
    compiler = values_list.query.get_compiler(connection=connection)
    chunks = compiler.execute_sql(chunked_fetch=True, chunk_size=CHUNK)
    yield from compiler.results_iter(results=_ahead(iter(chunks)), tuple_expected=True)


def _ahead(chunks: Iterator[Any]) -> Iterator[Any]:
    """The chunks, each asked for before the one in front of it is used up."""
    with ThreadPoolExecutor(1) as fetcher:
        coming = fetcher.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = fetcher.submit(next, chunks, None)
            yield chunk
