"""Reads that may not take longer than a person will wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

QUERY_CANCELED = "57014"
LAST_PAGE = 200


class TooSlowError(Exception):
    """PostgreSQL was stopped when the time was over."""


@contextmanager
def time_limit(milliseconds: int) -> Iterator[None]:
    """Statements inside end after this long, with TooSlowError."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {int(milliseconds)}")
            yield
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != QUERY_CANCELED:
            raise
        raise TooSlowError from error


def count_within(rows: QuerySet[Any, Any], *, milliseconds: int) -> int | None:
    """How many rows there are; None when that takes longer."""
    try:
        with time_limit(milliseconds):
            return rows.order_by().count()
    except TooSlowError:
        return None


@dataclass(frozen=True)
class Slice:
    """A page of rows that were never counted, as `components/pager.html` shows it."""

    rows: list[Any]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def has_other_pages(self) -> bool:
        return self.has_previous or self.has_next

    @property
    def is_last(self) -> bool:
        """Whether pages end here although rows may follow: each page costs more than the one before."""
        return self.number == LAST_PAGE

    @property
    def previous_page_number(self) -> int:
        return self.number - 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1


def slice_within(rows: QuerySet[Any, Any], size: int, page: str, *, milliseconds: int) -> Slice | None:
    """The page asked for, the first if it is no number; None when finding its rows takes longer."""
    number = min(max(int(page), 1), LAST_PAGE) if page.isdecimal() and len(page) < 9 else 1
    start = (number - 1) * size
    try:
        with time_limit(milliseconds):
            found = list(rows[start : start + size + 1])
    except TooSlowError:
        return None
    return Slice(found[:size], number, has_next=len(found) > size and number < LAST_PAGE)
