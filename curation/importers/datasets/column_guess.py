"""Guess which columns of a table hold a preference; people correct the guess before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from curation.importers.datasets import fields
from curation.importers.datasets.record import Row
from curation.importers.datasets.tasks import plain
from curation.importers.guess import OTHER_NAMES, PROMPT_NAMES, columns_of, guess_kind

NOUNS = (
    "response", "answer", "completion", "output", "reply", "generation", "candidate", "option", "text",
)  # fmt: skip
CHOSEN = (
    ("chosen", "rejected"), ("accepted", "rejected"), ("preferred", "dispreferred"), ("good", "bad"),
    ("better", "worse"), ("best", "worst"), ("positive", "negative"),
)  # fmt: skip
PLACES = (("a", "b"), ("1", "2"), ("0", "1"), ("left", "right"), ("first", "second"))
NAMES = {
    "prompt": (*PROMPT_NAMES, "context", "q"),
    "winner": (
        "winner", "preference", "preferred", "choice", "vote", "verdict", "judgment", "judgement", "better",
        "label", "result",
    ),
    "strength": ("strength", "preferencestrength"),
    "margin": ("margin",),
    "rater": (
        "rater", "annotator", "judge", "labeler", "labeller", "worker", "raterid", "annotatorid", "workerid",
        "userid", "user",
    ),
    "rationale": ("rationale", "reason", "explanation", "justification", "comment"),
    **{role: names for role, names in OTHER_NAMES.items() if role != "tags"},
}  # fmt: skip


def guess_columns(rows: Sequence[Row], named: Mapping[str, str] | None = None) -> dict[str, str]:
    """The likely `ColumnMapping`, by the names of the columns and the first values of the winner, with what
    somebody has `named` already."""
    known = dict(named or {})
    free = {plain(name): name for name in reversed(columns_of(rows)) if name not in known.values()}
    found = _responses(free, known) | known
    for role, names in NAMES.items():
        name = next((name for name in map(plain, names) if name in free), None)
        if name is not None and role not in found and (role != "winner" or "response_a" in found):
            found[role] = free.pop(name)
    if "prompt" in found:
        found.setdefault("kind", guess_kind(rows, found["prompt"]))
    if plain(found.get("rater", "")) == "judge":
        found.setdefault("raters_are", "judge")
    if {"winner", "response_a"} <= found.keys() and not any(role.startswith("means") for role in known):
        found |= _meanings(rows, found)
    return {role: value for role, value in found.items() if value}


def _responses(free: dict[str, str], named: Mapping[str, str]) -> dict[str, str]:
    """The two responses and their models, which are free no longer; nothing where they are named."""
    chosen, two = ("chosen", "rejected"), ("response_a", "response_b")
    is_chosen = any(role in named for role in chosen)
    is_two = any(role in named for role in (*two, "winner"))
    if any(set(roles) <= named.keys() for roles in (chosen, two)):
        return {}
    if not is_two and (found := _of(free, chosen, product(CHOSEN, ("", *NOUNS)))):
        return found
    return {} if is_chosen else _of(free, two, product(PLACES, NOUNS))


def _of(
    free: dict[str, str], roles: tuple[str, str], names: Iterable[tuple[tuple[str, str], str]]
) -> dict[str, str]:
    for pair, noun in names:
        if two := _two(free, pair, noun):
            found = {role: free.pop(name) for role, name in zip(roles, two, strict=True)}
            return found | _models(free, two, pair)
    return {}


def _two(free: Mapping[str, str], pair: tuple[str, str], noun: str) -> tuple[str, str] | None:
    for one, other in ((noun + pair[0], noun + pair[1]), (pair[0] + noun, pair[1] + noun)):
        if one in free and other in free:
            return one, other
    return None


def _models(free: dict[str, str], responses: tuple[str, str], pair: tuple[str, str]) -> dict[str, str]:
    """The columns called model or generator that go with these two."""
    for noun in ("model", "generator"):
        two = _two(free, pair, noun) or _two(free, responses, noun)
        if two:
            return {"model_a": free.pop(two[0]), "model_b": free.pop(two[1])}
    return {}


def _meanings(rows: Iterable[Row], found: Mapping[str, str]) -> dict[str, str]:
    """What numbers mean where they can mean one thing only. Words need no list.

    0 and 1 are responses that are called so. 1 and 2 are the first and the second, unless there are other
    numbers: a 0 may be a tie or the first, and a scale may run to 5."""
    column = found["winner"]
    said = (fields.short(row, column) for row in rows if not isinstance(row.get(column), list | dict))
    numbers = {value for value in said if plain(value).isdigit()}
    if plain(found["response_a"]).endswith("0"):
        return {"means_a": "0", "means_b": "1"} if numbers and numbers <= {"0", "1"} else {}
    return {"means_a": "1", "means_b": "2"} if "2" in numbers and numbers <= {"1", "2"} else {}
