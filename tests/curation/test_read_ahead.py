"""What is read ahead comes in order, with its errors in their place, and stops when nobody wants more."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from curation.read_ahead import ahead


def test_it_works() -> None:
    assert list(ahead(iter([[1], [], [2]]))) == [[1], [], [2]]
    assert list(ahead(iter([]))) == []


def test_the_next_is_made_while_one_is_worked_on() -> None:
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    found = ahead(items())
    assert next(found) == 1
    assert second.wait(10)
    assert list(found) == [2]


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("damaged")

    found = ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(found)


def test_closing_waits_for_the_other_thread() -> None:
    goes_on, made = threading.Event(), []

    def items() -> Iterator[int]:
        yield 1
        goes_on.wait(10)
        made.append(2)
        yield 2

    found = ahead(items())
    next(found)
    threading.Timer(0.05, goes_on.set).start()
    found.close()
    assert made == [2]
