"""Queries that Django compiles once.

It builds the SQL of a query anew each time, which takes several times as long as PostgreSQL needs to answer
one of the small queries of a labelling request. Only what many people wait for all day is worth it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import BigIntegerField, Expression, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")
LARGEST_ID = BigIntegerField.MAX_BIGINT


class Given(Expression):
    """Stands for a value that is known only when the query runs."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


def bind(params: Sequence[object], given: dict[str, object]) -> tuple[Any, ...]:
    """The parameters with the values that were given."""
    return tuple(given[param.name] if isinstance(param, Given) else param for param in params)


class Compiled(Generic[Row]):
    """A query with `Given` values: `build` makes it at its first use, `rows` runs it.

    A given value goes to PostgreSQL as it is: an id and never a model instance, and never None.
    """

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build

    def rows(self, **given: object) -> list[Row]:
        """Every row, as the query set would give it."""
        if any(isinstance(value, int) and value > LARGEST_ID for value in given.values()):
            # No row can match, but PostgreSQL would compare it as a numeric: with every row of the table.
            return []
        queryset, compiler, sql, params, converters = self._compiled
        ready: Any = copy(compiler)
        ready.connection = connections[queryset.db]
        ready.as_sql = lambda *_, **__: (sql, bind(params, given))
        ready.get_converters = lambda _: converters
        run: Any = queryset.all()
        run.query.get_compiler = lambda *_, **__: ready
        return list(run)

    def first(self, **given: object) -> Row | None:
        """The first row; the query itself must say which that is, and ask for no more."""
        return next(iter(self.rows(**given)), None)

    def get(self, **given: object) -> Row:
        """The one row there must be. Raises the model's DoesNotExist."""
        row = self.first(**given)
        if row is None:
            raise self._compiled[0].model.DoesNotExist
        return row

    @cached_property
    def _compiled(self) -> tuple[QuerySet[Any, Row], SQLCompiler, str, Sequence[object], dict[int, Any]]:
        queryset = self._build()
        compiler = queryset.query.get_compiler(queryset.db)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        return queryset, compiler, sql, params, converters


class CompiledUpdate:
    """The update of what `build` selects, with `Given` among its filters or the new `values`."""

    def __init__(self, build: Callable[[], QuerySet[Any]], **values: object) -> None:
        self._build = build
        self._values = values

    def run(self, **given: object) -> int:
        """How many rows it changed."""
        using, sql, params = self._compiled
        with connections[using].cursor() as cursor:
            cursor.execute(sql, bind(params, given))
            return int(cursor.rowcount)

    @cached_property
    def _compiled(self) -> tuple[str, str, Sequence[object]]:
        queryset = self._build()
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values(self._values)
        return (queryset.db, *query.get_compiler(queryset.db).as_sql())
