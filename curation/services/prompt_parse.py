"""Turn one row of a file into a prompt, or say why it is none. Knows no database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from curation.algorithms.fingerprints import messages_fingerprint

ROLES = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
# ShareGPT's names, and the newer name OpenAI gives to system turns.
ROLE_ALIASES = ROLES | {"human": "user", "gpt": "assistant", "developer": "system"}
SPLIT_ALIASES = dict.fromkeys(("eval", "test", "validation", "valid", "val", "dev"), "eval")
SPLITS = SPLIT_ALIASES | {"train": "train", "training": "train", "gold": "gold"}
PART_TYPES = {"text", "image", "audio", "video", "image_url", "input_audio"}
EXTRA_KEYS = ("name", "tool_calls", "tool_call_id")
MAX_CHARS = {"category": 80, "source": 120, "language": 16, "licence": 60}
MAX_TAG_CHARS = 60


class RowError(Exception):
    """Why a row is no prompt; shown in the import's report."""


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Which column of a file is what. Columns that are named nowhere become metadata.

    `kind` says whether `prompt` holds a text or chat messages; `default_*` fill empty cells.
    """

    prompt: str
    kind: str = "text"
    system: str = ""
    category: str = ""
    tags: str = ""
    split: str = ""
    source: str = ""
    language: str = ""
    licence: str = ""
    default_split: str = "train"
    default_source: str = ""

    @property
    def columns(self) -> set[str]:
        named = {self.prompt, self.system, self.category, self.tags, self.split}
        return (named | {self.source, self.language, self.licence}) - {""}


@dataclass(slots=True)
class ParsedPrompt:
    """A row ready to be stored: the columns of `Prompt`, two of them also as JSON texts."""

    record: dict[str, Any]
    messages: str
    metadata: str


def prompt_parse(row: Mapping[str, Any], mapping: FieldMapping) -> ParsedPrompt:
    """The prompt that a row holds. Raises RowError with the reason where it holds none."""
    messages = prompt_messages(row, mapping)
    used = mapping.columns
    named = (mapping.category, mapping.source, mapping.split, mapping.language, mapping.licence)
    labels = prompt_labels(*(row.get(column) if column else None for column in named))
    labels["source"] = labels["source"] or mapping.default_source
    labels["split"] = labels["split"] or mapping.default_split
    others = {name: value for name, value in row.items() if name not in used and value not in (None, "")}
    return prompt_of(messages, labels, prompt_tags(row.get(mapping.tags)), others)


def prompt_of(
    messages: list[dict[str, Any]], labels: Mapping[str, str], tags: list[str], metadata: Mapping[str, Any]
) -> ParsedPrompt:
    """The prompt of these parts, `messages` as `conversation` gives them. Raises RowError."""
    record = {"messages": messages, **labels, "tags": tags, "metadata": metadata}
    record["fingerprint"] = _fingerprint(messages)
    for text in (*labels.values(), *tags):
        if not is_storable(text):
            storable_json(text)  # says why
    return ParsedPrompt(record, storable_json(messages), storable_json(metadata) if metadata else "{}")


def prompt_labels(category: Any, source: Any, split: Any, language: Any, licence: Any) -> dict[str, str]:
    """The short texts of a prompt, empty where there is none. Raises RowError."""
    return {
        "category": _short_text(category, "category"),
        "source": _short_text(source, "source"),
        "split": _split(split),
        "language": _short_text(language, "language"),
        "licence": _short_text(licence, "licence"),
    }


def _fingerprint(messages: list[dict[str, Any]]) -> str:
    try:
        return messages_fingerprint(messages)
    except (ValueError, TypeError, RecursionError) as error:
        raise RowError(f"The row holds a value that cannot be stored: {error}") from error


def prompt_messages(row: Mapping[str, Any], mapping: FieldMapping) -> list[dict[str, Any]]:
    """The chat messages of a row, the system prompt first. Raises RowError."""
    value = row.get(mapping.prompt)
    if value is None or value == "":
        raise RowError(f"The field “{mapping.prompt}” is missing or empty")
    if mapping.kind == "messages":
        messages = conversation(value)
    elif isinstance(value, str):
        messages = [{"role": "user", "content": turn_content(value, 1)}]
    else:
        raise RowError(f"The field “{mapping.prompt}” is {kind_of(value)}, not a text")
    system = row.get(mapping.system)
    if isinstance(system, str) and system.strip():
        messages = [{"role": "system", "content": system}, *messages]
    return messages


def conversation(value: Any) -> list[dict[str, Any]]:
    """Chat messages in one of the usual shapes (OpenAI's or ShareGPT's; in CSV as JSON text).

    Raises RowError unless it has a user turn and ends where an answer is due.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise RowError("The messages are not valid JSON") from error
    if not isinstance(value, list) or not value:
        raise RowError(f"The messages are {kind_of(value)}, not a list of turns")
    messages = [_message(turn, number) for number, turn in enumerate(value, start=1)]
    roles = [message["role"] for message in messages]
    if "user" not in roles:
        raise RowError("The conversation has no user turn")
    if roles[-1] not in {"user", "tool"}:
        raise RowError(f"The conversation ends with {roles[-1]}; the last turn must be user or tool")
    return messages


def _message(turn: Any, number: int) -> dict[str, Any]:
    if not isinstance(turn, dict):
        raise RowError(f"Turn {number} is {kind_of(turn)}, not an object with role and content")
    role = turn.get("role", turn.get("from"))
    if not isinstance(role, str) or role not in ROLE_ALIASES:
        raise RowError(f"Turn {number} has the unknown role {str(role)[:40]!r}; known are {', '.join(ROLES)}")
    # Parquet gives every turn every key that any turn has: a null says nothing.
    extras = {key: turn[key] for key in EXTRA_KEYS if turn.get(key) is not None} if len(turn) > 2 else {}
    content = turn.get("content", turn.get("value"))
    calls_only = content in (None, "") and "tool_calls" in extras
    return {
        "role": ROLE_ALIASES[role],
        "content": "" if calls_only else turn_content(content, number),
        **extras,
    }


def turn_content(content: Any, number: int) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        if not content.strip():
            raise RowError(f"Turn {number} is empty")
        return content
    if not isinstance(content, list) or not content:
        raise RowError(f"The content of turn {number} is {kind_of(content)}, not a text or a list of parts")
    return [_part(part, number) for part in content]


def _part(part: Any, number: int) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in PART_TYPES:
        raise RowError(f"A part of turn {number} has the unknown type {str(kind)[:40]!r}")
    if kind == "text" and not isinstance(part.get("text"), str):
        raise RowError(f"A text part of turn {number} has no text")
    return {key: value for key, value in part.items() if value is not None}


def _short_text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError(f"The {name} is {kind_of(value)}, not a text")
    text = str(value).strip()
    if len(text) > MAX_CHARS[name]:
        raise RowError(f"The {name} is longer than {MAX_CHARS[name]} characters")
    return text


def prompt_tags(value: Any) -> list[str]:
    """A list, a JSON list in a text, or names separated by commas or semicolons."""
    if value is None:
        return []
    if isinstance(value, str):
        value = _json_list(value) or value.replace(";", ",").split(",")
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise RowError(f"The tags are {kind_of(value)}, not a list of texts")
    tags = list(dict.fromkeys(tag.strip() for tag in value if tag.strip()))
    if any(len(tag) > MAX_TAG_CHARS for tag in tags):
        raise RowError(f"A tag is longer than {MAX_TAG_CHARS} characters")
    return tags


def _json_list(text: str) -> list[Any] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) else None


def _split(value: Any) -> str:
    if value is None or value == "":
        return ""
    name = str(value).strip().lower()
    if name not in SPLITS:
        raise RowError(f"The split {str(value)[:40]!r} is unknown; known are train, eval and gold")
    return SPLITS[name]


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes the text: no NUL, no lone surrogate."""
    if text.isascii():
        return "\x00" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _plain(value: Any) -> Any:
    """Parquet's dates, times, decimals and uuids as JSON."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


# `json.dumps` would make an encoder for every value.
_STORABLE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain)


def storable_json(value: Any) -> str:
    """The value as JSON that PostgreSQL takes: no NUL, no lone surrogate. Raises RowError for any other."""
    try:
        text = _STORABLE.encode(value)
        text.encode()
    except UnicodeEncodeError as error:
        raise RowError("The row holds half of a surrogate pair, which is no character") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise RowError(f"The row holds a value that cannot be stored: {error}") from error
    # The escape also occurs when a text spells out a backslash, so a hit needs a second look.
    if "\\u0000" in text and _holds_nul(value):
        raise RowError("The row holds a NUL character (U+0000), which cannot be stored")
    return text


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(_holds_nul, value))


def kind_of(value: Any) -> str:
    kinds = {
        dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number",
        float: "a number", type(None): "missing",
    }  # fmt: skip
    return kinds.get(type(value), type(value).__name__)
