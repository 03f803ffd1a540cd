"""What a row of a preference dataset says, whatever its format. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Row = Mapping[str, Any]
Outcome = Literal["preferred", "tie", "both_bad"]
Kind = Literal["person", "judge"]

BETTER = 2  # how strong a preference is that states no strength


@dataclass(frozen=True, slots=True)
class PromptText:
    """Chat messages that end where an answer is due, and what the row says about them."""

    messages: list[dict[str, Any]]
    category: str = ""
    language: str = ""
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `model` is empty where the row names none; `metadata` holds ratings or a label."""

    text: str
    model: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rated:
    """Who judged: a label and whether it is a person or a model."""

    label: str
    kind: Kind = "person"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One rater's answer on two responses, by their places in the record; `first` counts as shown left.

    `preference` runs from 3 (first much better) to −3 and is set exactly when the outcome is `preferred`;
    `probability` is P(first is better). Attributes are by (first, second): `ratings` are numbers, `sides` say
    which is better by name (`first`, `second`, `tie`), `marks` are passages of each text (None: nobody
    marked it), `each` is anything else about each; `more` is about both.
    """

    first: int
    second: int
    rater: Rated
    outcome: Outcome
    preference: int | None = None
    probability: float | None = None
    rationale: str = ""
    ratings: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[list[dict[str, Any]] | None, list[dict[str, Any]] | None] = (None, None)
    each: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PreferenceRecord:
    """A prompt, its responses, and what raters said about pairs of them (nothing, for unpaired data)."""

    prompt: PromptText
    answers: tuple[Answer, ...]
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class DatasetFormat:
    """A published file format.

    `source` names the card or specification; `dataset`, `licence` and `split` (eval, for test sets) are what
    prompts get unless somebody chooses otherwise; `example` is one row. `read` gives one record, of a tree
    several, or raises RowError with a reason. `joins` makes one record of two consecutive rows of the same
    prompt, for formats that write one response a row.
    """

    name: str
    label: str
    source: str
    example: dict[str, Any]
    recognises: Callable[[Row], bool]
    read: Callable[[Row], list[PreferenceRecord]]
    help: str = ""
    dataset: str = ""
    licence: str = ""
    split: str = "train"
    joins: Callable[[PreferenceRecord, PreferenceRecord], PreferenceRecord] | None = None
