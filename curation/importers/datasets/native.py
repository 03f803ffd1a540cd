"""What a HelpSteer3 file written by Tiebreak says in its own column; see `curation.exporters.helpsteer`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast, get_args

from curation.attributes import responses_named
from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    PEOPLE,
    Answer,
    Comparison,
    Drawn,
    Kept,
    Kind,
    Outcome,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError, conversation, kind_of

KEY = "tiebreak"
VERSION = 1
SOURCES = ("campaign", "judge", "import", "adjudicated")
MAX_INT = 2**31 - 1  # of PostgreSQL's integer
MAX_CHARS = {"revision": 100, "backend": 16, "template_hash": 64, "finish_reason": 10, "skip_reason": 40}


def read_native(row: Row) -> PreferenceRecord:
    """The row as Tiebreak knew it. Raises RowError for anything it could not have written."""
    said = _object(_parsed(row.get(KEY)), "The column “tiebreak”")
    if said.get("version") != VERSION:
        raise RowError(
            f"The column “tiebreak” is of version {said.get('version')!r}; this Tiebreak reads {VERSION}"
        )
    texts = fields.any_text(row, "response1"), fields.any_text(row, "response2")
    fields.two_texts(*texts)
    listed = fields.as_list(said.get("responses"), "The list of responses")
    if len(listed) < 2:
        raise RowError("The list of responses has fewer than two")
    answers = tuple(_answer(one, place, texts, len(listed)) for place, one in enumerate(listed, start=1))
    judgments = fields.as_list(said.get("judgments"), "The list of judgments")
    comparisons = tuple(_comparison(one, len(listed)) for one in judgments)
    return PreferenceRecord(_prompt(row, _object(said.get("prompt"), "The prompt")), answers, comparisons)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise RowError("The column “tiebreak” is not valid JSON") from error


def _prompt(row: Row, said: Mapping[str, Any]) -> PromptText:
    tags = fields.as_list(said.get("tags"), "The list of tags")
    if not all(isinstance(tag, str) for tag in tags):
        raise RowError("A tag is not a text")
    return PromptText(
        conversation(said.get("messages") or row.get("context")),
        category=fields.label(row, "domain"),
        language=fields.label(row, "language"),
        source=fields.label(said, "source"),
        metadata=_object(said.get("metadata"), "The metadata"),
        tags=tags,
        licence=fields.label(said, "licence"),
        split=fields.label(said, "split"),
        fingerprint=fields.label(said, "fingerprint"),
        is_whole=True,
    )


def _answer(value: Any, place: int, texts: tuple[str, str], n: int) -> Answer:
    said = _object(value, f"Response {place}")
    text = texts[place - 1] if place <= 2 else said.get("text")
    if not isinstance(text, str):
        raise RowError(f"Response {place} has no text")
    by_person = said.get("by") == "person"
    model = PEOPLE if by_person else fields.label(said, "model")
    if not model:
        raise RowError(f"Response {place} names no model")
    drawn = Drawn(
        finish_reason=_short(said, "finish_reason"),
        n_tokens=_count(said, "n_tokens"),
        seed=_count(said, "seed", low=-(2**63), high=2**63 - 1),
        segments=_list(said, "segments"),
    )
    if not by_person:
        drawn = replace(
            drawn,
            backend=_short(said, "backend"),
            revision=_short(said, "revision"),
            params=_object(said.get("params"), f"The parameters of response {place}"),
            template_hash=_short(said, "template_hash"),
            sample_index=_count(said, "sample_index"),
        )
    edited = _count(said, "edited_from", low=1, high=n)
    metadata = _object(said.get("metadata") or {}, f"The metadata of response {place}")
    return Answer(text, model, metadata, drawn, None if edited is None else edited - 1)


def _comparison(value: Any, n: int) -> Comparison:
    """A judgment that stood, with those that it corrected."""
    said = _object(value, "A judgment")
    chain = [*fields.as_list(said.get("earlier") or [], "The earlier judgments"), said]
    *earlier, last = [_judgment(one, n, is_first=not at) for at, one in enumerate(chain)]
    if last.outcome == "withdrawn":
        raise RowError("A judgment that was withdrawn says nothing")
    return Comparison(
        last.first, last.second, last.rater, last.outcome, last.preference, last.probability, last.rationale,
        created_at=last.created_at, kept=last.kept, earlier=tuple(earlier),
    )  # fmt: skip


def _judgment(value: Any, n: int, *, is_first: bool) -> Comparison:
    said = _object(value, "A judgment")
    outcome, kind, source = (_one_of(said, name, known) for name, known in KNOWN.items())
    left = _count(said, "left", low=1, high=2)
    label = fields.label(said, "rater")
    if left is None or not label:
        raise RowError("A judgment does not say who judged, or what was shown left")
    if outcome == "withdrawn" and is_first:
        raise RowError("A judgment withdraws nothing")
    if said.get("skip_reason") and outcome != "skip":
        raise RowError("Only a skip has a skip reason")
    kept = Kept(
        source=source,
        attributes=_attributes(said.get("attributes"), n),
        skip_reason=_short(said, "skip_reason"),
        duration_ms=_count(said, "duration_ms"),
        guideline=_count(said, "guideline"),
    )
    return Comparison(
        left - 1,
        2 - left,
        Rated(label, cast(Kind, kind)),
        cast(Outcome, outcome),
        _preference(said, outcome),
        _probability(said),
        _text(said, "rationale"),
        created_at=_moment(said.get("created_at")),
        kept=kept,
    )


KNOWN = {"outcome": get_args(Outcome), "kind": get_args(Kind), "source": SOURCES}


def _preference(said: Mapping[str, Any], outcome: str) -> int | None:
    found = _count(said, "preference", low=-3, high=3)
    if (outcome == "preferred") != bool(found):
        raise RowError(f"The outcome is {outcome}, but the preference {said.get('preference')!r}")
    return found


def _probability(said: Mapping[str, Any]) -> float | None:
    if said.get("probability") is None:
        return None
    found = fields.number(said["probability"], "The probability")
    if not 0 <= found <= 1:
        raise RowError(f"The probability is {found}; it runs from 0 to 1")
    return found


def _attributes(value: Any, n: int) -> Mapping[str, Any]:
    """What the task form asked for, in the shapes that `attributes_translate` turns."""
    found = _object(value, "The attributes")
    try:
        named = responses_named(found)
    except (TypeError, ValueError) as error:
        raise RowError("The attributes hold a ranking that is none") from error
    if not all(place in range(1, n + 1) for place in named):
        raise RowError(f"The attributes name a response that is not one of the {n}")
    for part in ("ratings", "comparisons", "imported"):
        _object(found.get(part, {}), f"The part “{part}” of the attributes")
    if not all(isinstance(side, str) for side in found.get("comparisons", {}).values()):
        raise RowError("The part “comparisons” of the attributes names a side that is none")
    return found


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise RowError(f"created_at is {str(value)[:40]!r}, not a time") from error
    if moment.tzinfo is None:
        raise RowError(f"created_at is {value!r}, a time without its zone")
    return moment


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RowError(f"{what} is {kind_of(value)}, not an object")
    return value


def _list(said: Mapping[str, Any], name: str) -> list[Any] | None:
    return None if said.get(name) is None else fields.as_list(said[name], f"The field “{name}”")


def _one_of(said: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = said.get(name)
    if value not in known:
        raise RowError(f"The {name} of a judgment is {str(value)[:40]!r}; known are {', '.join(known)}")
    return str(value)


def _text(said: Mapping[str, Any], name: str) -> str:
    """A text as it is, white space included."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise RowError(f"The {name} is {kind_of(value)}, not a text")
    return value


def _short(said: Mapping[str, Any], name: str) -> str:
    value = _text(said, name)
    if len(value) > MAX_CHARS[name]:
        raise RowError(f"The {name} is longer than {MAX_CHARS[name]} characters")
    return value


def _count(said: Mapping[str, Any], name: str, low: int = 0, high: int = MAX_INT) -> int | None:
    """A whole number, or None where there is none; not by way of a float, which would round a seed."""
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RowError(f"The {name} is {str(value)[:40]!r}; it runs from {low} to {high}")
    return value
