"""Turn one row of a file into a judgment by a named rater, or say why it is none. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from curation.importers.datasets.fields import SAME_TEXT
from curation.importers.datasets.record import BETTER, Answer, Comparison, Outcome, Rated
from curation.services.preference_parse import ParsedPreference, checked
from curation.services.prompt_parse import FieldMapping, RowError, prompt_parse

OUTCOMES: Mapping[str, Outcome] = {"a": "preferred", "b": "preferred", "tie": "tie", "both_bad": "both_bad"}
SOURCE = "import"
MAX_CHARS = {"model_a": 200, "model_b": 200, "rater": 200}


def judgment_parse(row: Mapping[str, Any]) -> ParsedPreference:
    """What the row says. Raises RowError with the reason where it says nothing that can be kept."""
    kind = "text" if isinstance(row.get("prompt"), str) else "messages"
    mapping = FieldMapping(prompt="prompt", kind=kind, category="category", default_source=SOURCE)
    prompt = prompt_parse({key: row[key] for key in ("prompt", "category") if key in row}, mapping)
    a, b = (_text(row, name) for name in ("response_a", "response_b"))
    if a == b:
        raise RowError(SAME_TEXT)
    winner = row.get("winner")
    if not isinstance(winner, str) or winner not in OUTCOMES:
        raise RowError(f"The winner is {winner!r}; it must be one of {', '.join(OUTCOMES)}")
    comparison = Comparison(
        0,
        1,
        Rated(_name(row, "rater")),
        OUTCOMES[winner],
        _preference(row.get("preference"), winner),
        created_at=_moment(row.get("created_at")),
    )
    answers = (Answer(a, _name(row, "model_a")), Answer(b, _name(row, "model_b")))
    return checked(prompt, answers, (comparison,))


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise RowError(f"The field “{name}” is missing or not a text")
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise RowError(f"The field “{name}” holds a character that cannot be stored")
    return value


def _name(row: Mapping[str, Any], name: str) -> str:
    value = _text(row, name).strip()
    if not 0 < len(value) <= MAX_CHARS[name]:
        raise RowError(f"The field “{name}” must have 1 to {MAX_CHARS[name]} characters")
    return value


def _preference(value: Any, winner: str) -> int | None:
    if winner not in {"a", "b"}:
        if value not in {None, 0}:
            raise RowError(f"A {winner.replace('_', ' ')} has no preference, but the row states {value!r}")
        return None
    if value is None:
        return BETTER if winner == "a" else -BETTER
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) not in {1, 2, 3}:
        raise RowError(f"The preference is {value!r}; it runs from −3 (b) to 3 (a), without 0")
    if (value > 0) != (winner == "a"):
        raise RowError(f"The winner is {winner}, but the preference {value} points to the other response")
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise RowError(f"created_at is {value!r}; give a time like 2026-11-25T09:30:00+00:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
