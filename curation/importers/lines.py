"""A plain or gzipped text file as lines of bounded length."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path
from typing import BinaryIO, cast

from curation.errors import CurationError
from curation.importers.rows import MAX_ROW_BYTES, Position

GZIP_MAGIC = b"\x1f\x8b"
UTF8_BOM = b"\xef\xbb\xbf"
CHUNK_BYTES = 2**20


@dataclass(slots=True)
class Line:
    """One line with its end. Of a line longer than a row may be, `data` is only the beginning."""

    number: int
    data: bytes
    after: Position
    too_long: bool = False


def decompressed(raw: BufferedIOBase) -> BufferedIOBase:
    """The content of `raw`, which stands at its start: itself, or unzipped if it is gzip."""
    magic = raw.read(len(GZIP_MAGIC))
    raw.seek(0)
    if magic == GZIP_MAGIC:
        return gzip.GzipFile(fileobj=cast(BinaryIO, raw))
    return raw


class PackedFile:
    """A file that may be gzip, read from any position, with a limit to what is in it."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._raw = BufferedReader(FileIO(path), CHUNK_BYTES)
        self._stream = decompressed(self._raw)
        self._max_bytes = max_bytes

    def close(self) -> None:
        self._stream.close()
        self._raw.close()

    def bytes_read(self) -> int:
        """Bytes of the stored file, compressed as it may be, that were read so far."""
        return self._raw.tell()


class LineSource(PackedFile):
    """The lines of a file from any position, without ever holding more than one of them."""

    def lines(self, start: Position) -> Iterator[Line]:
        """Lines from `start` on. Raises CurationError where the file is damaged or too large."""
        offset, number = start.offset, start.line
        try:
            self._stream.seek(offset)
            while data := self._stream.readline(MAX_ROW_BYTES + 1):
                too_long = len(data) > MAX_ROW_BYTES
                number += 1
                first = offset == 0
                offset += len(data) + (self._skip_line(data) if too_long else 0)
                if offset > self._max_bytes:
                    raise CurationError(too_large(self._max_bytes))
                text = data.removeprefix(UTF8_BOM) if first else data
                yield Line(number, text, Position(offset, number), too_long)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CurationError(
                f"The gzip file is damaged or cut off after line {number}. The lines before it were read. "
                "Compress the original again and import it: rows that are here already count as duplicates."
            ) from error

    def _skip_line(self, data: bytes) -> int:
        """Pass over the rest of a line that is too long; the number of bytes passed."""
        skipped = 0
        while not data.endswith(b"\n"):
            data = self._stream.readline(CHUNK_BYTES)
            if not data:
                break
            skipped += len(data)
            if skipped > self._max_bytes:
                raise CurationError(too_large(self._max_bytes))
        return skipped


def too_large(max_bytes: int) -> str:
    return (
        f"The file holds more than {max_bytes / 2**30:.3g} GiB of text, the limit of this server. "
        "Split it and import the parts."
    )
