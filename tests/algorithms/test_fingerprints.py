"""A prompt's fingerprint is the same for ever: what is stored must go on matching what comes in."""

from __future__ import annotations

import unicodedata
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from curation.algorithms.fingerprints import canonical_json, messages_fingerprint, sha256_hex

contents = st.text() | st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
turns = st.lists(st.fixed_dictionaries({"role": st.text(), "content": contents}), max_size=4)


def test_it_works() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": 'Be "brief".\n'},
        {"role": "user", "content": " Café? \\ \u2028 😀 "},
        {"role": "tool", "content": [{"type": "text", "text": "b", "a": 1.5}]},
    ]
    # As version 0.1.0 computed it.
    known = "878489ba634416364560d500381e412398220df609cc7a81393678c4ca2bbcd9"
    assert messages_fingerprint(messages) == known


@given(turns)
def test_it_is_the_hash_of_the_canonical_json_of_all_turns(messages: list[dict[str, Any]]) -> None:
    def plain(content: Any) -> Any:
        return unicodedata.normalize("NFC", content).strip() if isinstance(content, str) else content

    whole = canonical_json([[turn["role"], plain(turn["content"])] for turn in messages])
    assert messages_fingerprint(messages) == sha256_hex(whole)
