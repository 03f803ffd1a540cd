"""Reading the fields of a row; every function raises RowError with the reason why it cannot."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    Outcome,
    PreferenceRecord,
    Rated,
    Row,
)
from curation.services.prompt_parse import SPLITS, RowError, conversation, kind_of, turn_content

SPLIT = "split"  # the column that says which split a row is of, in any format
SAME_TEXT = "Both responses have the same text, so there is nothing to prefer"


def one(read: Callable[[Row], PreferenceRecord]) -> Callable[[Row], list[PreferenceRecord]]:
    """For formats in which a row is one record."""
    return lambda row: [read(row)]


def any_text(row: Row, name: str) -> str:
    """A text, blank or not."""
    value = row.get(name)
    if not isinstance(value, str):
        raise RowError(f"The field “{name}” is {kind_of(value)}, not a text")
    return value


def text(row: Row, name: str) -> str:
    """A text that is not blank."""
    value = any_text(row, name)
    if not value.strip():
        raise RowError(f"The field “{name}” is empty")
    return value


def label(row: Row, name: str) -> str:
    """A name where the row has one, else an empty text."""
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def short(row: Row, name: str) -> str:
    """A short text, number or truth value as CSV would write it; empty where there is none."""
    value = row.get(name)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if not isinstance(value, str):
        raise RowError(f"The field “{name}” is {kind_of(value)}, not a text")
    return value.strip()


def number(value: Any, what: str) -> float:
    """A finite number; UltraFeedback and CSV files write numbers as texts."""
    try:
        found = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError) as error:
        raise RowError(f"{what} is {str(value)[:40]!r}, not a number") from error
    if not math.isfinite(found):
        raise RowError(f"{what} is {str(value)[:40]!r}, not a number")
    return found


def whole(value: Any, what: str, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    found = number(value, what)
    if found != int(found) or not low <= found <= high:
        raise RowError(f"{what} is {value!r}; it runs from {low} to {high}")
    return int(found)


def moment(value: Any) -> datetime | None:
    """A time in seconds since 1970 (in CSV as text), as ISO text or (in Parquet) as it is; None where none
    can be read."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def flag(value: Any) -> Any:
    """A truth value, which CSV files write as text; anything else as it is."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def as_object(value: Any, what: str) -> dict[str, Any]:
    """An object; CSV files hold objects as JSON text."""
    found = _parsed(value, what)
    if not isinstance(found, dict):
        raise RowError(f"{what} is {kind_of(found)}, not an object")
    return found


def as_list(value: Any, what: str) -> list[Any]:
    """A list; CSV files hold lists as JSON text."""
    found = _parsed(value, what)
    if not isinstance(found, list):
        raise RowError(f"{what} is {kind_of(found)}, not a list")
    return found


def _parsed(value: Any, what: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise RowError(f"{what} is a text that is not valid JSON") from error


def user_turn(content: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": turn_content(content, 1)}]


def turns(value: Any, what: str) -> list[dict[str, Any]]:
    """Messages as `conversation` reads them, but free to end with any role."""
    listed = as_list(value, what)
    if not listed:
        raise RowError(f"{what} is an empty list")
    closed = conversation([*listed, {"role": "user", "content": "…"}])
    return closed[:-1]


def answer_text(turn: Mapping[str, Any], what: str) -> str:
    """The text of an assistant's turn."""
    if turn["role"] != "assistant":
        raise RowError(f"{what} ends with a turn of {turn['role']}, not of the assistant")
    content = turn["content"]
    if isinstance(content, list):
        if any(part["type"] != "text" for part in content):
            raise RowError(f"{what} ends with an image, audio or video, which no response here can hold")
        content = "".join(part["text"] for part in content)
    if not content.strip():
        raise RowError(f"{what} ends with an empty answer")
    return str(content)


def split_last(messages: list[dict[str, Any]], what: str) -> tuple[list[dict[str, Any]], str]:
    """A dialogue as the prompt and the assistant's last answer to it."""
    return conversation(messages[:-1]) if messages[:-1] else _no_prompt(what), answer_text(messages[-1], what)


def _no_prompt(what: str) -> list[dict[str, Any]]:
    raise RowError(f"{what} holds an answer but no prompt")


def split_named(value: Any) -> str:
    """The split that a cell names (train, eval, gold); empty where it names none."""
    return SPLITS.get(value.strip().lower(), "") if isinstance(value, str) else ""


def others(row: Row, used: Iterable[str]) -> dict[str, Any]:
    """The columns that are named nowhere, so that nothing of a row is lost. They go with what they speak of:
    the judgment where the row is one, else the prompt or the response. A column that names the split is no
    such: whoever reads the file takes it, whatever the format."""
    known = set(used)
    if split_named(row.get(SPLIT)):
        known.add(SPLIT)
    return rest(row, known)


def rest(part: Mapping[str, Any], used: Iterable[str]) -> dict[str, Any]:
    """What an object within a row holds besides `used`; empty values say nothing."""
    known = set(used)
    return {name: value for name, value in part.items() if name not in known and value not in (None, "")}


def has(row: Row, *names: str) -> bool:
    return all(name in row for name in names)


def preferred_pair(
    chosen: Answer,
    rejected: Answer,
    rater: Rated,
    *,
    ratings: Mapping[str, tuple[float, float]] | None = None,
    more: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
) -> tuple[tuple[Answer, Answer], Comparison]:
    """The two responses and the answer that the chosen one is better; `ratings` are (chosen, rejected).

    The file does not say which was shown left. The smaller hash counts as left, so the sides come out even
    and the same file always gives the same sides.
    """
    if chosen.text == rejected.text:
        raise RowError(SAME_TEXT)
    turned = rejected.text_hash < chosen.text_hash
    rated = {name: (b, a) if turned else (a, b) for name, (a, b) in (ratings or {}).items()}
    comparison = Comparison(
        0,
        1,
        rater,
        "preferred",
        -BETTER if turned else BETTER,
        ratings=rated,
        more=more or {},
        columns=columns or {},
    )
    return (rejected, chosen) if turned else (chosen, rejected), comparison


def towards(value: float) -> tuple[Outcome, int | None]:
    """Outcome and preference for a number that is positive where the first is better, of unknown strength."""
    if value == 0:
        return "tie", None
    return "preferred", BETTER if value > 0 else -BETTER


def strength(value: int) -> tuple[Outcome, int | None]:
    """Outcome and preference for a strength from −3 to 3 towards the first; 0 is a tie."""
    return ("preferred", value) if value else ("tie", None)


def by_hash(answers: Sequence[Answer]) -> list[Answer]:
    """The responses of a ranking in an order that does not tell the ranks."""
    return sorted(answers, key=lambda answer: answer.text_hash)


def two_texts(first: str, second: str) -> None:
    if first == second:
        raise RowError(SAME_TEXT)
