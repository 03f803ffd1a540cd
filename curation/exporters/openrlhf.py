"""OpenRLHF preference rows, the form with `prompt_key`.

Source: `openrlhf/datasets/{reward_dataset,utils}.py` and `openrlhf/cli/train_{rm,dpo}.py` of OpenRLHF at
3c3be62 (August 2026). It has no KTO trainer.
"""

from __future__ import annotations

from typing import Any, ClassVar

from curation.exporters.base import About, LengthRule, Rule, Snippet, TrainingRow
from curation.exporters.lengths import OPENRLHF_CUTS
from curation.exporters.rules import DECIDED_PREFERENCE, conversation
from curation.exporters.shapes import PairFormat


class OpenRlhf(PairFormat):
    name: ClassVar[str] = "openrlhf"
    label: ClassVar[str] = "OpenRLHF preference"
    trainer: ClassVar[str] = "OpenRLHF"
    rules: tuple[Rule, ...] = DECIDED_PREFERENCE
    length_rules: ClassVar[tuple[LengthRule, ...]] = OPENRLHF_CUTS
    help: ClassVar[str] = (
        "Prompt, chosen and rejected as chat messages, with the margin of the consensus, 0 to 1."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "The reward trainer uses the margin with --model.margin_loss_enable only; the DPO trainer never.",
        "--data.max_len is 512 unless set, and longer rows are cut.",
        (
            "Name a file for evaluation with --eval.split train: a file of JSON lines has no other split, "
            "and without one the reward trainer evaluates on 1 % of the rows, which is none of fewer than "
            "100."
        ),
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {
            "prompt": conversation(row),
            "chosen": [{"role": "assistant", "content": row.chosen}],
            "rejected": [{"role": "assistant", "content": row.rejected}],
            "margin": row.margin,
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "deepspeed --module openrlhf.cli.train_dpo \\\n  --model.model_name_or_path BASE_MODEL \\\n"
            f"  --data.dataset {about.file_name(self)} \\\n"
            "  --data.apply_chat_template --data.prompt_key prompt \\\n  --data.chosen_key chosen "
            "--data.rejected_key rejected \\\n  --data.max_len 2048"
        )
        reward = text.replace("train_dpo", "train_rm") + " --model.margin_loss_enable"
        return (Snippet("DPO", text), Snippet("Reward model", reward))
