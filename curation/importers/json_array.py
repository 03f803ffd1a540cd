"""A file that is one JSON array of objects, read element by element.

The end of an element is found by its brackets and quotes alone, so that one that is not valid JSON is
reported and the next is read. Nothing but the element at hand is in memory.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator

from curation.errors import CurationError
from curation.importers.lines import CHUNK_BYTES, UTF8_BOM, PackedFile, too_large
from curation.importers.rows import MAX_ROW_BYTES, FileRow, Position
from curation.importers.text import TOO_LONG, excerpt, json_object

# Possessive, so that a text of any length is passed over once: whole texts and what is between them, up to
# the next bracket, or outside brackets to the next comma too.
INSIDE = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
OUTSIDE = re.compile(rb'(?:[^"{}\[\],]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
IN_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
NOT_SPACE = re.compile(rb"[^ \t\r\n]")
AGAIN = "Write the file again and import it: rows that are here already count as duplicates."


class JsonArrayReader(PackedFile):
    """Elements are numbered from 1, as lines are; those that are no objects are reported."""

    def rows(self, start: Position) -> Iterator[FileRow]:
        number = start.line
        try:
            self._stream.seek(start.offset)
            text = _Text(self._read, start.offset)
            if not start.offset:
                text.opens()
            while text.goes_on(is_first=number == 0):
                data, size = text.element()
                number += 1
                yield _row(number, data, size, text.offset)
            if text.goes_on_after_the_end():
                raise CurationError(
                    f"The JSON array ends after row {number}, but the file goes on. The rows before were "
                    "read. Is a bracket too many, or are there several arrays in the file?"
                )
        except _CutOffError as error:
            raise CurationError(
                f"The JSON array is cut off after row {number}. The rows before it were read. {AGAIN}"
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CurationError(
                f"The gzip file is damaged or cut off after row {number}. The rows before it were read. "
                f"{AGAIN}"
            ) from error

    def _read(self, offset: int) -> bytes:
        if offset > self._max_bytes:
            raise CurationError(too_large(self._max_bytes))
        return self._stream.read(CHUNK_BYTES)


class _CutOffError(Exception):
    """The file ends before its array does."""


class _Text:
    """The text from an offset on, of which a window is in memory."""

    def __init__(self, read: Callable[[int], bytes], offset: int) -> None:
        self._read = read
        self._window = b""
        self._at = 0  # of the window
        self._start = offset  # of the window in the text

    @property
    def offset(self) -> int:
        return self._start + self._at

    def opens(self) -> None:
        """Pass over the bracket at the start of the array."""
        if not self._more():
            raise _CutOffError
        self._at = len(UTF8_BOM) if self._window.startswith(UTF8_BOM) else 0
        if self._visible() != b"[":
            raise CurationError("The file is no JSON array.")
        self._at += 1

    def goes_on(self, *, is_first: bool) -> bool:
        """Whether another element stands here; the comma before it is passed over."""
        found = self._visible()
        if found == b"," and not is_first:
            self._at += 1
            found = self._visible()
        return found != b"]"

    def goes_on_after_the_end(self) -> bool:
        self._at += 1
        try:
            self._visible()
        except _CutOffError:
            return False
        return True

    def element(self) -> tuple[bytes, int]:
        """The element, or its beginning where it is longer than a row may be, and its length."""
        begins = self.offset
        kept = bytearray()
        is_container = self._visible() in {b"{", b"["}
        depth = 0
        while True:
            mark = self._until(INSIDE if is_container else OUTSIDE, kept)
            if not depth and mark in {b",", b"]"}:
                break  # the comma or bracket after a number, a text or nothing at all
            if mark in {b"{", b"["}:
                depth += 1
            elif mark != b",":
                depth = max(depth - 1, 0)
            self._keep(kept, 1)
            if is_container and not depth:
                break
        return bytes(kept), self.offset - begins

    def _until(self, pattern: re.Pattern[bytes], kept: bytearray) -> bytes:
        """The next bracket or comma, and everything before it kept."""
        while True:
            self._pass(pattern, kept)
            found = self._window[self._at : self._at + 1]
            if found == b'"':  # of a text that goes on beyond the window
                self._finish_text(kept)
            elif found:
                return found
            elif not self._more():
                raise _CutOffError

    def _finish_text(self, kept: bytearray) -> None:
        """Pass over a text, from its first quote to its last."""
        self._keep(kept, 1)
        while True:
            self._pass(IN_TEXT, kept)
            if self._window[self._at : self._at + 1] == b'"':
                self._keep(kept, 1)
                return
            if not self._more():
                raise _CutOffError

    def _pass(self, pattern: re.Pattern[bytes], kept: bytearray) -> None:
        if found := pattern.match(self._window, self._at):
            self._keep(kept, found.end() - self._at)

    def _visible(self) -> bytes:
        """The next byte that is no white space; it is not passed over."""
        while (found := NOT_SPACE.search(self._window, self._at)) is None:
            self._at = len(self._window)
            if not self._more():
                raise _CutOffError
        self._at = found.start()
        return found[0]

    def _keep(self, kept: bytearray, n: int) -> None:
        if len(kept) <= MAX_ROW_BYTES:
            kept += self._window[self._at : self._at + n]
        self._at += n

    def _more(self) -> bool:
        """Read on; what was passed over is forgotten."""
        self._start, rest = self.offset, self._window[self._at :]
        new = self._read(self._start)
        self._window, self._at = rest + new, 0
        return bool(new)


def _row(number: int, data: bytes, size: int, end: int) -> FileRow:
    value, problem = (None, TOO_LONG) if size > MAX_ROW_BYTES else json_object(data)
    after = Position(end, number)
    return FileRow(number, size, after, value, problem, excerpt(data) if problem else "")
