"""Tell what a file is by its content first and its name second."""

from __future__ import annotations

import zlib
from io import BufferedIOBase

from curation.errors import CurationError
from curation.importers.lines import UTF8_BOM, decompressed

HEAD_BYTES = 8192
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"%PDF": "a PDF document",
}
READABLE = "Tiebreak reads JSON lines, JSON arrays, CSV and Parquet, plain or gzipped, in UTF-8."


def sniff_format(file: BufferedIOBase, name: str) -> str:
    """The `PromptImport.Format` of a file. Raises CurationError for anything that cannot be imported."""
    file.seek(0)
    try:
        # `read1` hands out what stands before a cut, where `read` would only raise.
        head = decompressed(file).read1(HEAD_BYTES)
    except (EOFError, OSError, zlib.error) as error:
        raise CurationError("The gzip file is damaged. Compress the original again.") from error
    if head.startswith(b"PAR1"):
        return "parquet"
    _refuse_unreadable(head)
    return _text_format(head.removeprefix(UTF8_BOM).lstrip(), name.lower().removesuffix(".gz"))


def _refuse_unreadable(head: bytes) -> None:
    if not head.removeprefix(UTF8_BOM).strip():
        raise CurationError("The file is empty. Choose a file with at least one prompt.")
    for magic, kind in OTHER_KINDS.items():
        if head.startswith(magic):
            raise CurationError(f"The file is {kind}. {READABLE}")
    if head.startswith(UTF16_BOMS) or _looks_like_utf16(head):
        raise CurationError("The file is encoded in UTF-16. Save it as UTF-8 and upload it again.")
    # Single NULs are a matter of rows; many of them, or other control bytes, are no text at all.
    control = sum(byte < 9 or 13 < byte < 27 for byte in head)
    if control > len(head) // 20:
        raise CurationError(f"The file is binary, not text. {READABLE}")


def _looks_like_utf16(head: bytes) -> bool:
    """Latin text in UTF-16 has a NUL in every second place."""
    pairs = len(head) // 2
    return pairs > 1 and max(head[0::2].count(0), head[1::2].count(0)) > pairs * 0.7


def _text_format(text: bytes, name: str) -> str:
    first_line = text.splitlines()[0].strip()
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if first_line.startswith(b"[") and not name.endswith(".txt"):
        return "json"
    if first_line == b"{":
        raise CurationError(
            "The file is one JSON object spread over many lines. Write a JSON array of the rows in it, or "
            "one object per line (JSON lines)."
        )
    if first_line.startswith(b"{") or name.endswith((".jsonl", ".ndjson", ".json")):
        return "jsonl"
    raise CurationError(f"“{name}” is of no known kind. {READABLE}")
