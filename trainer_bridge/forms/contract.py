"""A contract's own words for what is wrong with a form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError


def contract_errors(contract: type[BaseModel], given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, words) for each value that `contract` refuses; field is empty for a rule about several."""
    try:
        contract.model_validate(given)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else ""
            words = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            yield name, words[:1].upper() + words[1:] + "."
