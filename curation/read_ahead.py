"""What comes next is made ready while this is worked on: PostgreSQL and Python each have a core."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection
from django.db.models import QuerySet

CHUNK = 2000
T = TypeVar("T")


def rows_ahead(values_list: QuerySet[Any, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of a `values_list`, in its order, as `iterator()` gives them. Call inside a transaction.

    Outside one PostgreSQL would first write the whole result to a file of its own. Other queries may run
    between rows: they wait for the fetch that is under way.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("rows are read ahead inside a transaction only")
    compiler = values_list.query.get_compiler(connection=connection)
    chunks = compiler.execute_sql(chunked_fetch=True, chunk_size=CHUNK)
    yield from compiler.results_iter(results=ahead(iter(chunks)), tuple_expected=True)


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The items, none of which is None, each made by another thread while the one before it is worked on.

    That thread has no connection to the database of its own. Close the generator to wait for it.
    """
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = maker.submit(next, items, None)
            yield item
