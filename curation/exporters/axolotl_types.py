"""Axolotl's types with columns of their own: `chatml.*`, `llama3.*`, `argilla_chat`, `user_defined` for DPO.

Sources: `prompt_strategies/{dpo,kto}/{chatml,llama3}.py`, `dpo/chat_template.py`, `dpo/user_defined.py` and
`docs/rlhf.qmd` of Axolotl at 067b021 (July 2026). Where docs and code differ, as in the columns of KTO's
`chatml.argilla_chat`, it is the code. Strategies of one name in `chatml` and `llama3` read the same columns.
"""

from __future__ import annotations

from typing import Any, ClassVar

from curation.exporters.axolotl import CHATML, ONE_TURN_RULES, WITHOUT_SYSTEM, AxolotlDpo
from curation.exporters.base import About, Exporter, LengthRule, Rule, Snippet, TrainingRow
from curation.exporters.lengths import DROPS_LONGER, DROPS_LONGER_ANSWERS
from curation.exporters.rules import conversation, system_text
from curation.exporters.shapes import Answer, AnswerFormat, PairFormat

NO_SYSTEM = Rule(
    "prompt has a system turn",
    "The type reads two turns, a user's and an assistant's, and would take the system turn for the user's.",
    WITHOUT_SYSTEM.breaks,
)
EMPTY_SYSTEM = Rule(
    "prompt has no system turn",
    "With {system} in prompt_format Axolotl would begin the prompt with an empty system turn. The format "
    "without system turns holds these rows.",
    lambda row: not system_text(row),
)
MARKUP = (
    "chatml and llama3 write ChatML's and Llama 3's markup, whatever the model's chat template says: take "
    "the model's own. For models with other markup there are the types chat_template."
)


def question(row: TrainingRow) -> str:
    return str(row.messages[-1]["content"])


def two_turns(row: TrainingRow, text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question(row)}, {"role": "assistant", "content": text}]


def train_yaml(rl: str, file: str, type_: str) -> Snippet:
    more = "remove_unused_columns: false\n" if rl == "kto" else ""
    text = (
        f"rl: {rl}\n{more}datasets:\n  - path: {file}\n    ds_type: json\n    split: train\n    type: {type_}"
    )
    return Snippet("train.yaml", text)


class _Pairs(PairFormat):
    """One of the types of pairs: a prompt of one user turn, `asked`, its system turn, and two responses."""

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    trainer: ClassVar[str] = "Axolotl"
    rules: tuple[Rule, ...] = ONE_TURN_RULES
    length_rules: ClassVar[tuple[LengthRule, ...]] = DROPS_LONGER
    notes: ClassVar[tuple[str, ...]] = (MARKUP,)
    strategy: ClassVar[str]
    asked: ClassVar[str] = ""  # the column of the question; none where it is in the responses
    sides: ClassVar[tuple[str, str]] = ("chosen", "rejected")
    with_turns: ClassVar[bool] = False  # whether a response comes with the user's turn before it

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        before = {"system": system_text(row), self.asked: question(row)} if self.asked else {}
        texts = zip(self.sides, (row.chosen, row.rejected), strict=True)
        return before | {side: two_turns(row, text) if self.with_turns else text for side, text in texts}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        type_ = f"chatml.{self.strategy}  # or llama3.{self.strategy}"
        return (train_yaml("dpo", about.file_name(self), type_),)


class _Answers(AnswerFormat):
    """One of KTO's types: the same with one response and its label."""

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    trainer: ClassVar[str] = "Axolotl"
    rules: tuple[Rule, ...] = ONE_TURN_RULES
    length_rules: ClassVar[tuple[LengthRule, ...]] = DROPS_LONGER_ANSWERS
    notes: ClassVar[tuple[str, ...]] = (MARKUP,)
    strategy: ClassVar[str]
    asked: ClassVar[str] = ""

    def shape(self, answer: Answer) -> dict[str, Any]:
        row, text = answer.row, answer.text
        if not self.asked:
            return {"completion": two_turns(row, text), "label": answer.label}
        before = {"system": system_text(row), self.asked: question(row)}
        return {**before, "completion": text, "label": answer.label}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        type_ = f"chatml.{self.strategy}  # or llama3.{self.strategy}"
        return (train_yaml("kto", about.file_name(self), type_),)


class AxolotlArgilla(_Pairs):
    name: ClassVar[str] = "axolotl_argilla"
    label: ClassVar[str] = "Axolotl DPO, chatml.argilla or llama3.argilla"
    help: ClassVar[str] = "System, instruction, chosen_response and rejected_response as texts."
    strategy: ClassVar[str] = "argilla"
    asked: ClassVar[str] = "instruction"
    sides: ClassVar[tuple[str, str]] = ("chosen_response", "rejected_response")


class AxolotlIcr(_Pairs):
    name: ClassVar[str] = "axolotl_icr"
    label: ClassVar[str] = "Axolotl DPO, chatml.icr or llama3.icr"
    help: ClassVar[str] = "System, input, chosen and rejected as texts."
    strategy: ClassVar[str] = "icr"
    asked: ClassVar[str] = "input"


class AxolotlIntel(_Pairs):
    name: ClassVar[str] = "axolotl_intel"
    label: ClassVar[str] = "Axolotl DPO, chatml.intel or llama3.intel"
    help: ClassVar[str] = "System, question, chosen and rejected as texts."
    strategy: ClassVar[str] = "intel"
    asked: ClassVar[str] = "question"


class AxolotlPromptPairs(_Pairs):
    name: ClassVar[str] = "axolotl_prompt_pairs"
    label: ClassVar[str] = "Axolotl DPO, chatml.prompt_pairs or llama3.prompt_pairs"
    help: ClassVar[str] = "System, prompt, chosen and rejected as texts."
    strategy: ClassVar[str] = "prompt_pairs"
    asked: ClassVar[str] = "prompt"


class AxolotlUltra(_Pairs):
    name: ClassVar[str] = "axolotl_ultra"
    label: ClassVar[str] = "Axolotl DPO, chatml.ultra or llama3.ultra"
    help: ClassVar[str] = (
        "System and prompt as texts; chosen and rejected as a user's and an assistant's turn."
    )
    strategy: ClassVar[str] = "ultra"
    asked: ClassVar[str] = "prompt"
    with_turns: ClassVar[bool] = True


class AxolotlArgillaChat(_Pairs):
    name: ClassVar[str] = "axolotl_argilla_chat"
    label: ClassVar[str] = "Axolotl DPO, chatml.argilla_chat or llama3.argilla_chat"
    help: ClassVar[str] = (
        "Chosen and rejected as a user's and an assistant's turn, for prompts that are one user turn."
    )
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, NO_SYSTEM)
    strategy: ClassVar[str] = "argilla_chat"
    with_turns: ClassVar[bool] = True


class AxolotlChatTemplateArgilla(AxolotlDpo):
    name: ClassVar[str] = "axolotl_dpo_argilla_chat"
    label: ClassVar[str] = "Axolotl DPO, chat_template.argilla_chat"
    help: ClassVar[str] = "Whole conversations in chosen and rejected, rendered by a chat template."

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        prompt, turns = conversation(row), super().shape(row)
        return {side: [*prompt, turns[side]] for side in ("chosen", "rejected")}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        snippet = train_yaml("dpo", about.file_name(self), "chat_template.argilla_chat")
        return (Snippet(snippet.name, f"chat_template: tokenizer_default\n{snippet.text}"),)


class AxolotlUser(_Pairs):
    name: ClassVar[str] = "axolotl_user"
    label: ClassVar[str] = "Axolotl DPO, user_defined, without system turns"
    help: ClassVar[str] = "Prompt, chosen and rejected as texts, for prompts that are one user turn."
    notes: ClassVar[tuple[str, ...]] = ()
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, WITHOUT_SYSTEM)
    prompt_format: ClassVar[str] = CHATML

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {"prompt": question(row), "chosen": row.chosen, "rejected": row.rejected}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        fields = "".join(
            f"\n      field_{name}: {name}" for name in ("prompt", "system", "chosen", "rejected")
        )
        formats = "".join(
            f'\n      {name}_format: "{text}"'
            for name, text in (
                ("prompt", self.prompt_format),
                ("chosen", "{chosen}<|im_end|>"),
                ("rejected", "{rejected}<|im_end|>"),
            )
        )
        type_ = f" # ChatML's markup: put your model's in its place{fields}{formats}"
        return (train_yaml("dpo", about.file_name(self), type_),)


class AxolotlUserSystem(AxolotlUser):
    name: ClassVar[str] = "axolotl_user_system"
    label: ClassVar[str] = "Axolotl DPO, user_defined, with system turns"
    help: ClassVar[str] = "The same for prompts with a system turn; both files can stand under datasets."
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, EMPTY_SYSTEM)
    prompt_format: ClassVar[str] = r"<|im_start|>system\n{system}<|im_end|>\n" + CHATML

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {"system": system_text(row), **super().shape(row)}


class AxolotlKtoArgilla(_Answers):
    name: ClassVar[str] = "axolotl_kto_argilla"
    label: ClassVar[str] = "Axolotl KTO, chatml.argilla or llama3.argilla"
    help: ClassVar[str] = "System, instruction and completion as texts, and a label."
    strategy: ClassVar[str] = "argilla"
    asked: ClassVar[str] = "instruction"


class AxolotlKtoIntel(_Answers):
    name: ClassVar[str] = "axolotl_kto_intel"
    label: ClassVar[str] = "Axolotl KTO, chatml.intel or llama3.intel"
    help: ClassVar[str] = "System, question and completion as texts, and a label."
    strategy: ClassVar[str] = "intel"
    asked: ClassVar[str] = "question"


class AxolotlKtoPromptPairs(_Answers):
    name: ClassVar[str] = "axolotl_kto_prompt_pairs"
    label: ClassVar[str] = "Axolotl KTO, chatml.prompt_pairs or llama3.prompt_pairs"
    help: ClassVar[str] = (
        "System, prompt and completion as texts, and a label. The type ultra reads the same columns."
    )
    strategy: ClassVar[str] = "prompt_pairs"
    asked: ClassVar[str] = "prompt"


class AxolotlKtoArgillaChat(_Answers):
    name: ClassVar[str] = "axolotl_kto_argilla_chat"
    label: ClassVar[str] = "Axolotl KTO, chatml.argilla_chat or llama3.argilla_chat"
    help: ClassVar[str] = "Completion as a user's and an assistant's turn, and a label."
    notes: ClassVar[tuple[str, ...]] = (
        MARKUP,
        (
            "Axolotl's documentation of chatml.argilla_chat names other columns than its code reads; these "
            "are the code's."
        ),
    )
    rules: tuple[Rule, ...] = (*ONE_TURN_RULES, NO_SYSTEM)
    strategy: ClassVar[str] = "argilla_chat"


AXOLOTL_TYPES: tuple[Exporter, ...] = (
    AxolotlChatTemplateArgilla(),
    AxolotlArgilla(),
    AxolotlArgillaChat(),
    AxolotlIcr(),
    AxolotlIntel(),
    AxolotlPromptPairs(),
    AxolotlUltra(),
    AxolotlUser(),
    AxolotlUserSystem(),
    AxolotlKtoArgilla(),
    AxolotlKtoArgillaChat(),
    AxolotlKtoIntel(),
    AxolotlKtoPromptPairs(),
)
