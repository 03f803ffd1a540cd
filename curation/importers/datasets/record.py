"""What a row of a preference dataset says, whatever its format. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from curation.algorithms.fingerprints import sha256_hex

Row = Mapping[str, Any]
Outcome = Literal["preferred", "tie", "both_bad", "skip", "withdrawn"]
Kind = Literal["person", "judge"]

BETTER = 2  # how strong a preference is that states no strength
PEOPLE = "people"  # stands for a model where a person wrote the response


@dataclass(slots=True)
class PromptText:
    """Chat messages that end where an answer is due, and what the row says about them.

    Where `is_whole`, it says everything, also what is empty: nothing chosen for the file is put in. A
    `fingerprint` is that of the messages as they were.
    """

    messages: list[dict[str, Any]]
    category: str = ""
    language: str = ""
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    licence: str = ""
    split: str = ""
    fingerprint: str = ""
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a response was drawn, as `Sampler` and `Response` keep it; most files say nothing of it."""

    backend: str = "import"
    revision: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    template_hash: str = ""
    sample_index: int | None = None
    finish_reason: str = ""
    n_tokens: int | None = None
    seed: int | None = None
    segments: list[dict[str, Any]] | None = None


IMPORTED = Drawn()


@dataclass(slots=True)
class Answer:
    """One response. `model` is empty where the row names none; `metadata` holds ratings or a label.
    `edited_from` is the place in the record of the response it edits."""

    text: str
    model: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    drawn: Drawn = IMPORTED
    edited_from: int | None = None
    _hash: str = field(default="", init=False, repr=False, compare=False)

    @property
    def text_hash(self) -> str:
        if not self._hash:
            self._hash = sha256_hex(self.text)
        return self._hash


class Rated(NamedTuple):
    """Who judged: a label and whether it is a person or a model."""

    label: str
    kind: Kind = "person"


@dataclass(frozen=True, slots=True)
class Kept:
    """A judgment as Tiebreak kept it, beyond what a comparison says. In `attributes` `a` is the record's
    first response, `b` its second, and responses are named by their places, from 1."""

    source: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    skip_reason: str = ""
    duration_ms: int | None = None
    guideline: int | None = None


@dataclass(slots=True)
class Comparison:
    """One rater's answer on two responses, by their places in the record; `first` counts as shown left.

    `preference` runs from 3 (first much better) to −3 and is set exactly when the outcome is `preferred`;
    `probability` is P(first is better). Attributes are by (first, second): `ratings` are numbers, `sides` say
    which is better by name (`first`, `second`, `tie`), `marks` are passages of each text (None: nobody
    marked it), `each` is anything else about each; `more` is about both; `columns` are those of the row that
    nothing here is made of. `kept` stands for all of these where the file is an export; `earlier` are the
    answers that this one corrects, oldest first.
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
    columns: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    kept: Kept | None = None
    earlier: tuple[Comparison, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it says no more than who prefers what, and when."""
        return not (
            self.ratings or self.sides or self.each or self.more or self.columns or self.kept or self.earlier
        ) and self.marks == (None, None)


@dataclass(slots=True)
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
