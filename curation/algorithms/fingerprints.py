"""Names for content: two things with the same fingerprint are the same thing."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

# `json.dumps` would make an encoder for every value.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value."""
    return _CANONICAL.encode(value)


def sha256_hex(text: str) -> str:
    # A lone surrogate cannot be encoded; replacing it keeps hashing total over any str.
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def text_key(text: str) -> int:
    """64 bits that name a text, blind to case and to how it is spaced; as a signed number."""
    plain = " ".join(text.casefold().split())
    return int.from_bytes(
        hashlib.blake2b(plain.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True
    )


def messages_fingerprint(messages: Sequence[Mapping[str, Any]]) -> str:
    """The identity of a prompt: roles and contents, blind to Unicode form and outer white space."""
    # A text alone is encoded several times as fast as a list that holds it.
    turns = [[canonical_json(turn["role"]), canonical_json(_normal(turn["content"]))] for turn in messages]
    return sha256_hex(f"[{','.join(f'[{role},{content}]' for role, content in turns)}]")


def _normal(content: Any) -> Any:
    return unicodedata.normalize("NFC", content).strip() if isinstance(content, str) else content
