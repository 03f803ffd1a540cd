"""What formats have in common: a row of the file for each pair, or one for each response.

Subclasses say what such a row holds (`shape`). Unless they say otherwise the file is JSON lines.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, ClassVar

from curation.algorithms.fingerprints import sha256_hex
from curation.exporters.base import About, LengthRule, Reason, Rule, TrainingRow, Written, why_left_out
from curation.exporters.files import write_json_lines
from curation.exporters.rules import DECIDED_PREFERENCE, PREFERENCE

WINDOW = 1000  # responses among which prompts are mixed

CONTRADICTED = Reason(
    "response both chosen and rejected",
    "It won against one response and lost against another: alone it is neither desirable nor undesirable.",
)
REPEATED = Reason(
    "response already in the file",
    "It stands in several pairs and always won, or always lost: one row says so.",
)


class JsonLines(ABC):
    suffix: ClassVar[str] = "jsonl"
    notes: ClassVar[tuple[str, ...]] = ()
    length_rules: ClassVar[tuple[LengthRule, ...]] = ()
    needs_origin: ClassVar[bool] = False
    by_prompt: ClassVar[bool] = False

    @abstractmethod
    def shaped(self, rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
        """The rows of the file, counting them and those left out."""

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:  # noqa: ARG002 -- other formats name the version
        written = Written()
        with path.open("wb") as file:
            write_json_lines(self.shaped(rows, written), file)
        return written


class PairFormat(JsonLines):
    """One row of the file for each pair."""

    rules: tuple[Rule, ...] = PREFERENCE
    rows_per_pair: ClassVar[int] = 1

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return self.rules

    @abstractmethod
    def shape(self, row: TrainingRow) -> dict[str, Any]:
        """The row as its consumer reads it."""

    def shaped(self, rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
        for row in rows:
            if reason := why_left_out(self.rules, row):
                written.leave_out(reason)
                continue
            written.n_rows += 1
            yield self.shape(row)

    def example(self, row: TrainingRow) -> str:
        return json.dumps(self.shape(row), ensure_ascii=False, indent=2)


@dataclass(frozen=True)
class Answer:
    """A response with the label that its pair gives it: chosen is desirable."""

    row: TrainingRow
    text: str
    label: bool


class AnswerFormat(JsonLines):
    """One row of the file for each response, with a label, as KTO takes it (arXiv 2402.01306).

    A response that stands in several pairs is one row if it always won or always lost, and none otherwise.
    Neighbouring rows are of different prompts, unless more than half of about `WINDOW` responses are of one:
    the trainers estimate the KL term from a prompt and the response of the row before it, which must not be
    an answer to it (TRL `kto_trainer.py`, `add_kl_completion_ids`; LLaMA-Factory `processor/feedback.py`),
    and TRL reads the rows in order.
    """

    rules: tuple[Rule, ...] = DECIDED_PREFERENCE
    answer_rules: tuple[Rule, ...] = ()  # of each response, where tokens were counted
    rows_per_pair: ClassVar[int] = 2
    by_prompt: ClassVar[bool] = True

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return (*self.rules, *self.answer_rules, CONTRADICTED, REPEATED)

    @abstractmethod
    def shape(self, answer: Answer) -> dict[str, Any]:
        """The response as its consumer reads it."""

    def shaped(self, rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
        prompts = groupby(rows, key=lambda row: row.prompt_id)
        for answer in _mixed(self._answers(list(of_prompt), written) for _, of_prompt in prompts):
            written.n_rows += 1
            yield self.shape(answer)

    def example(self, row: TrainingRow) -> str:
        both = Answer(row, row.chosen, label=True), Answer(row, row.rejected, label=False)
        return "\n".join(json.dumps(self.shape(answer), ensure_ascii=False, indent=2) for answer in both)

    def _answers(self, rows: list[TrainingRow], written: Written) -> list[Answer]:
        """The responses to one prompt that have one label, in an order that says nothing about it."""
        found: dict[str, list[Answer]] = {}
        for row in rows:
            if reason := why_left_out(self.rules, row):
                written.leave_out(reason, 2)
                continue
            for answer in (Answer(row, row.chosen, label=True), Answer(row, row.rejected, label=False)):
                if reason := self._why_left_out(answer):
                    written.leave_out(reason)
                else:
                    found.setdefault(answer.text, []).append(answer)
        kept = []
        for same in found.values():
            if len({answer.label for answer in same}) == 2:
                written.leave_out(CONTRADICTED.reason, len(same))
                continue
            kept.append(same[0])
            if len(same) > 1:
                written.leave_out(REPEATED.reason, len(same) - 1)
        return sorted(kept, key=lambda answer: sha256_hex(answer.text))

    def _why_left_out(self, answer: Answer) -> str:
        tokens = answer.row.tokens
        if not self.answer_rules or tokens is None:
            return ""
        return why_left_out(self.answer_rules, replace(answer.row, tokens=tokens.of(is_chosen=answer.label)))


def _mixed(prompts: Iterable[list[Answer]]) -> Iterator[Answer]:
    """One response of each prompt, then the next of each, in windows of about `WINDOW` responses. What is
    left for the last window goes into the one before where it could not be mixed by itself."""
    held: list[list[Answer]] = []
    window: list[list[Answer]] = []
    waiting = 0
    for answers in prompts:
        window.append(answers)
        waiting += len(answers)
        if waiting >= WINDOW:
            yield from _rounds(held)
            held, window, waiting = window, [], 0
    if 2 * max(map(len, window), default=0) > waiting + 1:
        held, window = held + window, []
    yield from _rounds(held)
    yield from _rounds(window)


def _rounds(window: list[list[Answer]]) -> Iterator[Answer]:
    """In turn; what the prompt with most responses has left when the others have none goes in between."""
    order = [answer for turn in zip_longest(*window) for answer in turn if answer is not None]
    left: list[Answer] = []
    while len(order) > 1 and order[-1].row.prompt_id == order[-2].row.prompt_id:
        left.insert(0, order.pop())
    if not left:
        yield from order
        return
    is_same = [False, *(answer.row.prompt_id == left[0].row.prompt_id for answer in order), False]
    free = [at for at in range(len(order) + 1) if not is_same[at] and not is_same[at + 1]]
    n = min(len(left), len(free))
    between = {free[number * len(free) // n]: left[number] for number in range(n)}
    for at, answer in enumerate(order):
        if at in between:
            yield between[at]
        yield answer
    yield from left[n:]
