"""TRL's types without a comparison: prompts alone, and prompts with the response that was chosen.

Sources: `docs/source/dataset_formats.md` of TRL 1.10, and `SFTTrainer._prepare_dataset` of 1.16.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, ClassVar

from curation.exporters.base import (
    About,
    LengthRule,
    Reason,
    Rule,
    Snippet,
    TrainingRow,
    Written,
    why_left_out,
)
from curation.exporters.lengths import TRL_FILLS
from curation.exporters.rules import DECIDED, ENDS_WITH_USER, PLAIN_TEXT, conversation
from curation.exporters.shapes import JsonLines
from curation.exporters.trl import answer_turn, training_script

SAME_PROMPT = Reason("prompt already in the file", "It stands in several pairs: one row is enough.")
SAME_CHOSEN = Reason("response already in the file", "It was chosen in several pairs: one row is enough.")
ALSO_REJECTED = Reason(
    "response both chosen and rejected",
    "It lost to another response to the prompt: that one is the better example.",
)
CHOSEN_EMPTY = Rule(
    "empty response",
    "There would be nothing to learn from but the end of the turn.",
    lambda row: not row.chosen.strip(),
)


class _Prompts(JsonLines):
    """The pairs of a prompt together, of each at most one row."""

    trainer: ClassVar[str] = "TRL"
    rows_per_pair: ClassVar[int] = 1
    by_prompt: ClassVar[bool] = True
    rules: tuple[Rule, ...]
    across: ClassVar[tuple[Reason, ...]]  # the reasons that it takes several rows to find

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return (*self.rules, *self.across)

    @abstractmethod
    def of_prompt(self, rows: list[TrainingRow], written: Written) -> Iterator[TrainingRow]:
        """Those of the rows of one prompt that are written, counting the others."""

    @abstractmethod
    def shape(self, row: TrainingRow) -> dict[str, Any]:
        """The row as its consumer reads it."""

    def shaped(self, rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
        for _, found in groupby(rows, key=lambda row: row.prompt_id):
            fit = []
            for row in found:
                if reason := why_left_out(self.rules, row):
                    written.leave_out(reason)
                else:
                    fit.append(row)
            for row in self.of_prompt(fit, written):
                written.n_rows += 1
                yield self.shape(row)

    def example(self, row: TrainingRow) -> str:
        return json.dumps(self.shape(row), ensure_ascii=False, indent=2)


class TrlPrompts(_Prompts):
    name: ClassVar[str] = "trl_prompts"
    label: ClassVar[str] = "TRL prompt-only"
    help: ClassVar[str] = (
        "Each prompt once, as chat messages, for trainers that sample their own responses: GRPO, RLOO and "
        "online DPO."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "These are the prompts of the pairs that the version keeps, not all prompts of the project.",
        "TRL drops no prompt for its length: GRPOTrainer and RLOOTrainer have no limit for prompts.",
    )
    rules: tuple[Rule, ...] = (PLAIN_TEXT, ENDS_WITH_USER)
    across: ClassVar[tuple[Reason, ...]] = (SAME_PROMPT,)

    def of_prompt(self, rows: list[TrainingRow], written: Written) -> Iterator[TrainingRow]:
        if len(rows) > 1:
            written.leave_out(SAME_PROMPT.reason, len(rows) - 1)
        yield from rows[:1]

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {"prompt": conversation(row)}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n"
            "from trl import GRPOConfig, GRPOTrainer\n\n"
            f'train = load_dataset("json", data_files="{about.file_name(self)}", split="train")\n'
            'config = GRPOConfig(output_dir="out")\n'
            'GRPOTrainer("BASE_MODEL", reward_funcs="REWARD_MODEL", args=config, train_dataset=train).train()'
        )
        return (Snippet("train.py", text),)


class TrlCompletions(_Prompts):
    name: ClassVar[str] = "trl_completions"
    label: ClassVar[str] = "TRL prompt-completion, the chosen responses"
    help: ClassVar[str] = (
        "Prompt and completion as chat messages: the responses that were chosen, for SFTTrainer, which "
        "trains on the completion alone."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "A prompt with several chosen responses of which none lost has a row for each.",
    )
    rules: tuple[Rule, ...] = (PLAIN_TEXT, ENDS_WITH_USER, CHOSEN_EMPTY, DECIDED)
    across: ClassVar[tuple[Reason, ...]] = (ALSO_REJECTED, SAME_CHOSEN)
    length_rules: ClassVar[tuple[LengthRule, ...]] = TRL_FILLS

    def of_prompt(self, rows: list[TrainingRow], written: Written) -> Iterator[TrainingRow]:
        lost = {row.rejected for row in rows}
        won: set[str] = set()
        for row in rows:
            if row.chosen in lost:
                written.leave_out(ALSO_REJECTED.reason)
            elif row.chosen in won:
                written.leave_out(SAME_CHOSEN.reason)
            else:
                won.add(row.chosen)
                yield row

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {"prompt": conversation(row), "completion": [answer_turn(row.chosen)]}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        return (training_script("SFT", "json", about.file_name(self)),)
