"""What an export format is given, and what it must answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from curation.exporters.origin import Origin


@dataclass(frozen=True)
class Tokens:
    """A row in tokens of the trainer's tokenizer and chat template. `prompt` counts those of the prompt,
    `chosen` and `rejected` those of the prompt with each response, `shared` those with which both begin
    alike; all are 0 where the template refuses the prompt."""

    shared: int = 0
    prompt: int = 0
    chosen: int = 0
    rejected: int = 0

    @property
    def longer(self) -> int:
        return max(self.chosen, self.rejected)

    @property
    def are_same(self) -> bool:
        return self.shared == self.chosen == self.rejected

    def same_before(self, end: int) -> bool:
        """Whether the two are the same up to this token."""
        return self.shared >= end or self.are_same

    def of(self, *, is_chosen: bool) -> Tokens:
        """As if the other response were as long as this one."""
        length = self.chosen if is_chosen else self.rejected
        return replace(self, chosen=length, rejected=length)


@dataclass(frozen=True)
class TrainingRow:
    """One row of a dataset version. `soft_label` is P(chosen is better); `margin` is 0…1 unless the recipe
    sets another; `block` is that of a curriculum, from 1, or 0.

    `prompt_id` is the prompt's fingerprint, the same on every machine. `chosen_by` and `rejected_by` name
    the model that wrote the response, or “people”. `origin` is there for formats that need it.
    """

    messages: list[dict[str, Any]]
    chosen: str
    rejected: str
    soft_label: float
    margin: float = 0.0
    weight: float = 1.0
    split: str = "train"
    position: int = 0
    pair_id: int = 0
    prompt_id: str = ""
    category: str = ""
    source: str = ""
    licence: str = ""
    chosen_by: str = ""
    rejected_by: str = ""
    block: int = 0
    origin: Origin | None = None
    tokens: Tokens | None = None


@dataclass(frozen=True)
class Dropped:
    """How many pairs never reached the version: at which step of the recipe, and why."""

    step: str
    reason: str
    n: int


@dataclass(frozen=True)
class About:
    """What is exported: a split of a version, with the version's card, its content hash, and what it dropped.
    `max_length` is in tokens, where rows were left out by it. `biases` finds what a card tells of agreement
    and biases, which takes a while."""

    project: str  # its slug
    title: str
    number: int
    split: str
    card: dict[str, Any] = field(default_factory=dict)
    content_hash: str = ""
    dropped: tuple[Dropped, ...] = ()
    max_length: int | None = None
    biases: Callable[[], list[dict[str, Any]]] = list

    @property
    def name(self) -> str:
        """Fit for a file and for a configuration: helpfulness-v3-train, helpfulness-v3-train-1024."""
        cut = "" if self.max_length is None else f"-{self.max_length}"
        return f"{self.project}-v{self.number}-{self.split}{cut}"

    def file_name(self, exporter: Exporter) -> str:
        """What a downloaded file is called."""
        return f"{self.name}-{exporter.name}.{exporter.suffix}"


@dataclass
class Written:
    """How many rows are in the file, and why the others are not."""

    n_rows: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str, n: int = 1) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + n


@dataclass(frozen=True)
class Reason:
    """Why a row is left out, and what the consumer would make of it otherwise."""

    reason: str
    because: str


@dataclass(frozen=True)
class Rule(Reason):
    """A reason that is found by looking at one row."""

    breaks: Callable[[TrainingRow], bool]


@dataclass(frozen=True)
class LengthRule(Reason):
    """A reason that is found by counting tokens: `cuts` gets a row's tokens and how many are kept. With
    `of_each` a format with a row for each response asks for each of the two, not for the pair."""

    cuts: Callable[[Tokens, int], bool]
    of_each: bool = False

    def at(self, max_length: int) -> Rule:
        return Rule(
            self.reason,
            self.because,
            lambda row: row.tokens is not None and self.cuts(row.tokens, max_length),
        )


@dataclass(frozen=True)
class Snippet:
    """Some lines for the consumer's configuration, and the file they belong in."""

    name: str
    text: str


class Exporter(Protocol):
    """A file format. The same rows must give the same bytes, in memory that does not grow with the rows."""

    name: ClassVar[str]
    label: ClassVar[str]
    trainer: ClassVar[str]  # who reads it: the heading under which it is listed
    suffix: ClassVar[str]
    help: ClassVar[str]
    notes: ClassVar[tuple[str, ...]]  # what to know before training on the file
    rules: tuple[Rule, ...]  # checked in order: the first that a row breaks is its reason
    length_rules: ClassVar[tuple[LengthRule, ...]]  # those that are added where tokens were counted
    rows_per_pair: ClassVar[int]
    needs_origin: ClassVar[bool]  # whether rows come with the judgments behind them
    by_prompt: ClassVar[bool]  # whether a prompt's rows must come together, whatever their blocks

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason that `write` may count: the rules, and those that take several rows to find."""

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:
        """Stream `rows`, in the version's order or with those of a prompt together, into a new file at
        `path`."""

    def example(self, row: TrainingRow) -> str:
        """What the file holds of a row that breaks no rule, as text."""

    def usage(self, about: About) -> tuple[Snippet, ...]:
        """How to point the consumer at the file of this version."""


def why_left_out(rules: Iterable[Rule], row: TrainingRow) -> str:
    """The reason of the first rule that the row breaks, or nothing."""
    return next((rule.reason for rule in rules if rule.breaks(row)), "")
