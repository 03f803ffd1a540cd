"""JSON lines and CSV."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from curation.errors import CurationError
from curation.importers.lines import Line, LineSource
from curation.importers.rows import MAX_ROW_BYTES, FileRow, Position

# The limit is one per process; every reader wants the same, and a larger field is a broken quote.
csv.field_size_limit(MAX_ROW_BYTES)

EXCERPT_CHARS = 200
DELIMITERS = ",;\t|"
TOO_LONG = f"The row is longer than {MAX_ROW_BYTES // 2**20} MiB"
NOT_UTF8 = "The row is not valid UTF-8"


def excerpt(data: bytes) -> str:
    """The beginning of a row as text that can be stored and shown."""
    text = data[: 4 * EXCERPT_CHARS].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text.strip()[:EXCERPT_CHARS]


class JsonLinesReader:
    """One JSON object a line. Blank lines are passed over."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._source = LineSource(path, max_bytes)
        self.bytes_read = self._source.bytes_read
        self.close = self._source.close

    def rows(self, start: Position) -> Iterator[FileRow]:
        for line in self._source.lines(start):
            if line.data.strip():
                yield _json_row(line)


def _json_row(line: Line) -> FileRow:
    size = len(line.data)
    value, problem = (None, TOO_LONG) if line.too_long else json_object(line.data)
    return FileRow(line.number, size, line.after, value, problem, excerpt(line.data) if problem else "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


# `json.loads` with an option would make a decoder for every row.
_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def json_object(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object, or why there is none."""
    try:
        value = _decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None, NOT_UTF8
    except json.JSONDecodeError as error:
        return None, f"Not valid JSON: {error.msg} at character {error.pos + 1}"
    except RecursionError:
        return None, "Not readable JSON: nested too deeply"
    except ValueError as error:
        return None, f"Not valid JSON: {error}"
    if not isinstance(value, dict):
        return None, "The row is not a JSON object with named fields"
    return value, ""


class CsvReader:
    """Comma, semicolon, tab or bar separated text whose first row names the columns.

    A row with a broken quote is reported alone: reading goes on at the line below its first.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._source = LineSource(path, max_bytes)
        self.bytes_read = self._source.bytes_read
        self.close = self._source.close

    def rows(self, start: Position) -> Iterator[FileRow]:
        feed = _RecordFeed(self._source.lines(Position()), DELIMITERS[0])
        feed.delimiter = _delimiter(feed.peek())
        header = next(feed.records(), None)
        columns = _columns(header)
        if header is not None and start.offset > header.after.offset:
            feed = _RecordFeed(self._source.lines(start), feed.delimiter)
        for record in feed.records():
            yield _csv_row(record, columns)


class _Record:
    """The lines of one CSV record and what they hold."""

    def __init__(self, lines: list[Line], fields: list[str] | None, problem: str) -> None:
        self.lines, self.fields, self.problem = lines, fields, problem
        self.after = lines[-1].after
        self.size = sum(len(line.data) for line in lines)


class _RecordFeed:
    """Feeds lines to `csv.reader` one record at a time, and takes back those a broken record swallowed."""

    def __init__(self, lines: Iterator[Line], delimiter: str) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()
        self._current: list[Line] = []
        self._size = 0
        self.delimiter = delimiter

    def peek(self) -> bytes:
        """The first line, still to be read."""
        line = next(self._lines, None)
        if line is None:
            return b""
        self._waiting.append(line)
        return line.data

    def records(self) -> Iterator[_Record]:
        reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
        while True:
            self._current, self._size, fields, problem = [], 0, None, ""
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = self._give_back(str(error))
                # A reader that has failed keeps half a record; a new one starts clean.
                reader = csv.reader(self._texts(), delimiter=self.delimiter, strict=True)
            if problem or fields:
                yield _Record(self._current, fields, problem)

    def _texts(self) -> Iterator[str]:
        while (line := self._waiting.popleft() if self._waiting else next(self._lines, None)) is not None:
            self._current.append(line)
            self._size += len(line.data)
            if line.too_long or self._size > MAX_ROW_BYTES:
                raise csv.Error(TOO_LONG)
            yield line.data.decode("utf-8", "surrogateescape")

    def _give_back(self, error: str) -> str:
        """Keep the first line as the broken record; say what is wrong with it."""
        first, *rest = self._current
        self._waiting.extendleft(reversed(rest))
        self._current = [first]
        if error == TOO_LONG and first.too_long:
            return TOO_LONG
        return f"Not valid CSV: {error}. Is a quote missing or unescaped?"


def _csv_row(record: _Record, columns: list[str]) -> FileRow:
    fields, problem = record.fields, record.problem
    if fields is not None and any(not field.isascii() and _has_escapes(field) for field in fields):
        problem = NOT_UTF8
    elif fields is not None and len(fields) != len(columns):
        problem = f"The row has {len(fields)} fields; the header has {len(columns)}"
    value = dict(zip(columns, fields, strict=True)) if fields is not None and not problem else None
    first = record.lines[0]
    shown = excerpt(first.data) if problem else ""
    return FileRow(first.number, record.size, record.after, value, problem, shown)


def _has_escapes(field: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in field)


def _delimiter(header: bytes) -> str:
    """The separator that occurs most in the header line."""
    text = header.decode("utf-8", "replace")
    return max(DELIMITERS, key=text.count)


def _columns(header: _Record | None) -> list[str]:
    if header is None:
        raise CurationError("The CSV file is empty. Its first row must name the columns.")
    if header.fields is None:
        raise CurationError(f"The header of the CSV file cannot be read. {header.problem}")
    names = [name.strip() or f"column {index}" for index, name in enumerate(header.fields, start=1)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise CurationError(f"The CSV header names the column “{twice}” twice. Rename one of them.")
    return names
