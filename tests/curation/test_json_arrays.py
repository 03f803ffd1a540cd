"""Files that are one JSON array: read element by element, resumed anywhere, and what is wrong with them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import CurationError
from curation.importers import json_array
from curation.importers.json_array import JsonArrayReader
from curation.importers.rows import MAX_ROW_BYTES, FileRow, Position

LARGE = 2**40


def read(content: bytes, path: Path, start: Position | None = None, most: int = LARGE) -> list[FileRow]:
    path.write_bytes(content)
    reader = JsonArrayReader(path, most)
    try:
        return list(reader.rows(start or Position()))
    finally:
        reader.close()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=6)


@given(objects, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_it_works(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[Any],
    chunk: int,
    indent: int | None,
    ascii_only: bool,
) -> None:
    """As `json` reads the whole, wherever the pieces are cut, and from any row on."""
    path = tmp_path_factory.mktemp("array") / "data.json"
    content = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK_BYTES", chunk)
        found = read(content, path)
        if b"\xed" in content:
            return  # half a surrogate is no UTF-8; `json` alone writes it
        assert [row.value for row in found] == rows
        assert [row.line for row in found] == list(range(1, len(rows) + 1))
        for at, row in enumerate(found):
            assert [later.value for later in read(content, path, row.after)] == rows[at + 1 :]


@pytest.mark.parametrize("content", [b"[]", b"\xef\xbb\xbf [ \n ] \n"])
def test_an_empty_array_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert read(content, tmp_path / "a.json") == []


def test_gzip_and_a_byte_order_mark(tmp_path: Path) -> None:
    content = gzip.compress(b'\xef\xbb\xbf[{"a": 1},{"a": 2}]')
    rows = read(content, tmp_path / "a.json.gz")
    assert [row.value for row in rows] == [{"a": 1}, {"a": 2}]
    assert [row.value for row in read(content, tmp_path / "a.json.gz", rows[0].after)] == [{"a": 2}]


@pytest.mark.parametrize(
    ("middle", "problem"),
    [
        ('{"a": 1,}', "Not valid JSON"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": "]", b: "}"}', "Not valid JSON"),
        ("17", "not a JSON object"),
        ('"a, text]"', "not a JSON object"),
        ("null", "not a JSON object"),
        ("[1, [2]]", "not a JSON object"),
        ("", "Not valid JSON"),
        ("}", "Not valid JSON"),
        ('{"a": "\xff"}', "not valid UTF-8"),
        ('{"a": "\\u12"}', "Not valid JSON"),
        ("{" * 3 + "}" * 3, "Not valid JSON"),
    ],
)
def test_a_bad_element_is_reported_and_the_next_is_read(tmp_path: Path, middle: str, problem: str) -> None:
    content = b'[{"n": 1},' + middle.encode("latin-1") + b',{"n": 3}]'
    first, bad, last = read(content, tmp_path / "a.json")
    assert (first.value, last.value, last.line) == ({"n": 1}, {"n": 3}, 3)
    assert bad.value is None
    assert problem in bad.problem
    assert bad.excerpt == middle.encode("latin-1").decode("utf-8", "replace")


def test_an_element_that_is_too_long_is_passed_over(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * (MAX_ROW_BYTES + 10)})
    first, last = read(f'[{long},{{"n": 2}}]'.encode(), tmp_path / "a.json")
    assert (first.value, "longer than" in first.problem, first.size) == (None, True, len(long))
    assert last.value == {"n": 2}


@pytest.mark.parametrize(
    "content", [b"[", b'[{"n": 1}', b'[{"n": 1},', b'[{"n": 1}, {"n": "', b'[{"n": 1},{"\\']
)
def test_an_array_that_is_cut_off_keeps_what_was_before(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    reader = JsonArrayReader(path, LARGE)
    seen: list[Any] = []
    with pytest.raises(CurationError, match=f"cut off after row {content.count(b'1')}"):
        seen.extend(row.value for row in reader.rows(Position()))
    reader.close()
    with pytest.raises(CurationError, match="gzip file is damaged"):
        read(gzip.compress(b'[{"n": "' + bytes(range(200)) * 20)[:-20], path)


@pytest.mark.parametrize("content", [b'[{"n": 1}] {"n": 2}', b'[{"n": 1}][{"n": 2}]', b'[{"n": 1}]]'])
def test_what_follows_the_array_is_not_lost_in_silence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CurationError, match="ends after row 1, but the file goes on"):
        read(content, tmp_path / "a.json")


def test_a_file_that_unfolds_too_far_is_refused(tmp_path: Path) -> None:
    content = gzip.compress(json.dumps([{"n": "x" * 100}] * 50_000).encode())
    with pytest.raises(CurationError, match="the limit of this server"):
        read(content, tmp_path / "a.json.gz", most=2**20)
