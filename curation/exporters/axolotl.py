"""Axolotl: `chat_template.default` for DPO, and the `user_defined` type for KTO.

Sources: `docs/rlhf.qmd`, `prompt_strategies/dpo/chat_template.py` and `prompt_strategies/kto/user_defined.py`
of Axolotl at 067b021 (July 2026). There is no export for `zephyr.nectar`: it sorts by rank and takes the last
answer as chosen, which is the worst one in Nectar's data.
"""

from __future__ import annotations

from typing import Any, ClassVar

from curation.exporters.base import About, LengthRule, Rule, Snippet, TrainingRow
from curation.exporters.lengths import DROPS_LONGER, DROPS_LONGER_ANSWERS
from curation.exporters.rules import (
    DECIDED,
    DECIDED_PREFERENCE,
    ENDS_WITH_USER,
    NOT_EMPTY,
    PLAIN_TEXT,
    after_system,
    conversation,
    system_text,
)
from curation.exporters.shapes import Answer, AnswerFormat, PairFormat

PLACEHOLDER = "[[dummy_message]]"

DIFFERENT_INSIDE = Rule(
    "identical responses",
    "White space around a response is removed, and without it the two are the same.",
    lambda row: row.chosen.strip() == row.rejected.strip(),
)
FINDABLE = Rule(
    "response is part of Axolotl's placeholder",
    f"Axolotl renders the response after “{PLACEHOLDER}” and looks for it from the start: it would be found "
    "there.",
    lambda row: row.chosen.strip() in PLACEHOLDER or row.rejected.strip() in PLACEHOLDER,
)


class AxolotlDpo(PairFormat):
    name: ClassVar[str] = "axolotl_dpo"
    label: ClassVar[str] = "Axolotl DPO, chat_template.default"
    trainer: ClassVar[str] = "Axolotl"
    help: ClassVar[str] = (
        "The prompt's messages with a chosen and a rejected turn, rendered by a chat template."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "White space around a response is removed. Axolotl looks for the response in the text that the "
            "chat template renders; a template that trims would hide it, and one character would be trained "
            "on."
        ),
        (
            "The same search finds a response of a word or two inside the template's own text, such as "
            "“user”. Look at rows with very short responses before training."
        ),
    )
    rules: tuple[Rule, ...] = (PLAIN_TEXT, ENDS_WITH_USER, NOT_EMPTY, DIFFERENT_INSIDE, FINDABLE, DECIDED)
    length_rules: ClassVar[tuple[LengthRule, ...]] = DROPS_LONGER

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {
            "messages": conversation(row),
            "chosen": {"role": "assistant", "content": row.chosen.strip()},
            "rejected": {"role": "assistant", "content": row.rejected.strip()},
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "rl: dpo\nchat_template: tokenizer_default\ndatasets:\n"
            f"  - path: {about.file_name(self)}\n"
            "    ds_type: json\n    split: train\n    type: chat_template.default\n    field_messages: "
            "messages\n    field_chosen: chosen\n    field_rejected: rejected"
        )
        return (Snippet("train.yaml", text),)


ONE_TURN = Rule(
    "prompt has more than one turn",
    "The user_defined type has one text for the prompt; who said what would be lost.",
    lambda row: len(after_system(row)) != 1,
)
WITHOUT_SYSTEM = Rule(
    "prompt has a system turn",
    "This file's prompt_format has no place for it, and Axolotl would drop it without a word. The format "
    "with system turns holds these rows.",
    lambda row: bool(system_text(row)),
)
WITH_SYSTEM = Rule(
    "prompt has no system turn",
    "Axolotl fails on a row without one if prompt_format names {system}. The format without system turns "
    "holds these rows.",
    lambda row: not system_text(row),
)
CHATML = r"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
ONE_TURN_RULES = (*DECIDED_PREFERENCE, ONE_TURN)


class _AxolotlKto(AnswerFormat):
    """The YAML shows ChatML's markup, the form of Axolotl's own `chatml` strategies."""

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    trainer: ClassVar[str] = "Axolotl"
    length_rules: ClassVar[tuple[LengthRule, ...]] = DROPS_LONGER_ANSWERS
    prompt_format: ClassVar[str]

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "rl: kto\nremove_unused_columns: false\ndatasets:\n"
            f"  - path: {about.file_name(self)}\n"
            "    ds_type: json\n    split: train\n    type:  # ChatML's markup: put your model's in its "
            "place\n      field_prompt: prompt\n      field_system: system\n      field_completion: "
            "completion\n      field_label: label\n"
            f'      prompt_format: "{self.prompt_format}"\n'
            '      completion_format: "{completion}<|im_end|>"'
        )
        return (Snippet("train.yaml", text),)


class AxolotlKto(_AxolotlKto):
    name: ClassVar[str] = "axolotl_kto"
    label: ClassVar[str] = "Axolotl KTO, user_defined, without system turns"
    help: ClassVar[str] = "Prompt, completion and label as texts, for prompts that are one user turn."
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, WITHOUT_SYSTEM)
    prompt_format: ClassVar[str] = CHATML

    def shape(self, answer: Answer) -> dict[str, Any]:
        prompt = answer.row.messages[-1]["content"]
        return {"prompt": prompt, "completion": answer.text, "label": answer.label}


class AxolotlKtoSystem(_AxolotlKto):
    name: ClassVar[str] = "axolotl_kto_system"
    label: ClassVar[str] = "Axolotl KTO, user_defined, with system turns"
    help: ClassVar[str] = "The same for prompts with a system turn; both files can stand under datasets."
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, WITH_SYSTEM)
    prompt_format: ClassVar[str] = r"<|im_start|>system\n{system}<|im_end|>\n" + CHATML

    def shape(self, answer: Answer) -> dict[str, Any]:
        return {
            "system": system_text(answer.row),
            "prompt": answer.row.messages[-1]["content"],
            "completion": answer.text,
            "label": answer.label,
        }
