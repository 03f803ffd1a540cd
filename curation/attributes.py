"""`Judgment.attributes` in a file: responses by their places there, not by database id or canonical order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OTHER = {"a": "b", "b": "a"}
BY_NAME = ("ratings", "imported")  # {name: {"a": …, "b": …}}
BY_RESPONSE = ("spans", "segments", "safety")  # {"a": …, "b": …}


def attributes_translate(
    attributes: Mapping[str, Any], *, turned: bool, responses: Mapping[int, int]
) -> dict[str, Any]:
    """The same answers with `a` and `b` exchanged where `turned`, and responses named as `responses` says.

    The parts are those of the task form; any other is kept as it is. Raises KeyError for a response that
    `responses` does not have.
    """
    found = dict(attributes)
    if "ranking" in found:
        found["ranking"] = [[responses[one] for one in level] for level in found["ranking"]]
    if "rewrite_of" in found:
        found["rewrite_of"] = responses[found["rewrite_of"]]
    if not turned:
        return found
    for part in BY_NAME:
        if part in found:
            found[part] = {name: _turned(value) for name, value in found[part].items()}
    for part in BY_RESPONSE:
        if part in found:
            found[part] = _turned(found[part])
    if "comparisons" in found:
        found["comparisons"] = {name: OTHER.get(side, side) for name, side in found["comparisons"].items()}
    return found


def responses_named(attributes: Mapping[str, Any]) -> list[int]:
    """Every response that the answers name by a number, in the order they name them."""
    ranked = [one for level in attributes.get("ranking", []) for one in level]
    return [*ranked, attributes["rewrite_of"]] if "rewrite_of" in attributes else ranked


def _turned(value: Any) -> Any:
    """By response, the other way round; anything that is not by response as it is."""
    if not isinstance(value, dict) or not value.keys() <= OTHER.keys():
        return value
    return {OTHER[response]: said for response, said in value.items()}
