"""TRL's conversational formats: preference with explicit and with implicit prompts, and unpaired.

Source: TRL 1.16, `docs/source/dataset_formats.md` and the trainers' `_prepare_dataset`. Everything is chat
messages, because TRL splits implicit prompts in plain text at the longest common prefix, in the middle of a
word. `score_chosen` and `score_rejected` (as in UltraFeedback binarized) are P(better); the trainers ignore
them. Only the implicit format has a `margin` column: `RewardTrainer` trains on one wherever it finds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from curation.exporters.base import About, LengthRule, Rule, Snippet, TrainingRow, Written
from curation.exporters.files import MESSAGES, write_parquet
from curation.exporters.lengths import DROPS_LONGER, TRL_CUTS
from curation.exporters.rules import DECIDED_PREFERENCE, conversation
from curation.exporters.shapes import Answer, AnswerFormat, PairFormat

SCHEMA = pa.schema(
    [
        pa.field("prompt", MESSAGES),
        pa.field("chosen", MESSAGES),
        pa.field("rejected", MESSAGES),
        pa.field("score_chosen", pa.float64()),
        pa.field("score_rejected", pa.float64()),
    ]
)


def answer_turn(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def preference_row(row: TrainingRow) -> dict[str, Any]:
    return preference_columns(row, conversation(row))


def preference_columns(row: TrainingRow, prompt: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "prompt": prompt,
        "chosen": [answer_turn(row.chosen)],
        "rejected": [answer_turn(row.rejected)],
        "score_chosen": row.soft_label,
        "score_rejected": 1 - row.soft_label,
    }


def training_script(trainer: str, builder: str, file: str, options: str = "") -> Snippet:
    """The shortest script that trains on `file` with one of TRL's stable trainers."""
    text = (
        "from datasets import load_dataset\n"
        f"from trl import {trainer}Config, {trainer}Trainer\n\n"
        f'train = load_dataset("{builder}", data_files="{file}", split="train")\n'
        f'config = {trainer}Config(output_dir="out"{options})\n'
        f'{trainer}Trainer("BASE_MODEL", args=config, train_dataset=train).train()'
    )
    return Snippet("train.py", text)


TIES = (
    "A tie is in the file with 0.5 in both scores. DPOTrainer does not read the scores: take ties out with "
    "train.filter(lambda row: row['score_chosen'] != 0.5), unless the recipe did."
)


class _Preference(PairFormat):
    trainer: ClassVar[str] = "TRL"
    length_rules: ClassVar[tuple[LengthRule, ...]] = TRL_CUTS

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return preference_row(row)


class TrlJsonl(_Preference):
    name: ClassVar[str] = "trl_jsonl"
    label: ClassVar[str] = "TRL preference, JSON lines"
    help: ClassVar[str] = (
        "One JSON object a line: prompt, chosen and rejected as chat messages. DPOTrainer takes it as it is."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "From JSON lines, datasets reads texts as timestamps if every response is a date. Take Parquet then.",
        TIES,
    )

    def usage(self, about: About) -> tuple[Snippet, ...]:
        return (training_script("DPO", "json", about.file_name(self)),)


class TrlParquet(_Preference):
    name: ClassVar[str] = "trl_parquet"
    label: ClassVar[str] = "TRL preference, Parquet"
    suffix: ClassVar[str] = "parquet"
    help: ClassVar[str] = (
        "The same columns as the JSON lines, compressed; best for large sets and for the Hugging Face Hub."
    )
    notes: ClassVar[tuple[str, ...]] = (TIES,)

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:  # noqa: ARG002 -- see JsonLines
        written = Written()
        with path.open("wb") as file:
            write_parquet(self.shaped(rows, written), file, SCHEMA)
        return written

    def usage(self, about: About) -> tuple[Snippet, ...]:
        return (training_script("DPO", "parquet", about.file_name(self)),)


class TrlWeighted(_Preference):
    name: ClassVar[str] = "trl_weighted"
    label: ClassVar[str] = "TRL preference with labels, weights and blocks"
    help: ClassVar[str] = (
        "Prompt, chosen and rejected as chat messages, with what a recipe sets for each row: soft_label, "
        "P(chosen is better); margin; weight in the loss; and block of a curriculum, from 1, or 0 without "
        "one."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "DPOTrainer drops these columns. To train by them, keep them in a data collator of your own and "
            "read them in compute_loss: with a soft label p the loss is −p log σ(β Δ) − (1 − p) log σ(−β Δ)."
        ),
        (
            "Rows stand in the order of their blocks, but the trainer shuffles. The script below trains one "
            "block after another, each from the model of the one before."
        ),
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        messages = preference_row(row)
        return {
            **{name: messages[name] for name in ("prompt", "chosen", "rejected")},
            "soft_label": row.soft_label,
            "margin": row.margin,
            "weight": row.weight,
            "block": row.block,
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n"
            "from trl import DPOConfig, DPOTrainer\n\n"
            f'rows = load_dataset("json", data_files="{about.file_name(self)}", split="train")\n'
            'model = "BASE_MODEL"\n'
            'for block in sorted(set(rows["block"])):\n'
            '    train = rows.filter(lambda row: row["block"] == block)\n'
            '    config = DPOConfig(output_dir=f"out/block-{block}")\n'
            "    trainer = DPOTrainer(model, args=config, train_dataset=train)\n"
            "    trainer.train()\n"
            '    model = f"out/block-{block}/final"\n'
            "    trainer.save_model(model)"
        )
        return (Snippet("train.py", text),)


class TrlImplicit(PairFormat):
    name: ClassVar[str] = "trl_implicit"
    label: ClassVar[str] = "TRL reward model, implicit prompts with margin"
    trainer: ClassVar[str] = "TRL"
    rules: tuple[Rule, ...] = DECIDED_PREFERENCE
    length_rules: ClassVar[tuple[LengthRule, ...]] = DROPS_LONGER
    help: ClassVar[str] = (
        "Whole conversations in chosen and rejected, as RewardTrainer recommends, and the margin: that of "
        "the consensus, 0 to 1, unless the recipe sets another."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "RewardTrainer's loss becomes −log σ(r_chosen − r_rejected − margin). To train without, remove "
            "the column: train.remove_columns('margin')."
        ),
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        prompt = conversation(row)
        return {
            "chosen": [*prompt, answer_turn(row.chosen)],
            "rejected": [*prompt, answer_turn(row.rejected)],
            "margin": row.margin,
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        return (training_script("Reward", "json", about.file_name(self)),)


class TrlUnpaired(AnswerFormat):
    name: ClassVar[str] = "trl_unpaired"
    label: ClassVar[str] = "TRL unpaired, for KTO"
    trainer: ClassVar[str] = "TRL"
    length_rules: ClassVar[tuple[LengthRule, ...]] = TRL_CUTS
    help: ClassVar[str] = "Prompt, completion and a label for each response. KTOTrainer takes it as it is."
    notes: ClassVar[tuple[str, ...]] = (
        (
            "KTOTrainer reads rows in order and takes the KL term from neighbours in a batch: keep the "
            "order or shuffle, but do not sort by prompt, and use a batch of 2 or more for each device."
        ),
    )

    def shape(self, answer: Answer) -> dict[str, Any]:
        return {
            "prompt": conversation(answer.row),
            "completion": [answer_turn(answer.text)],
            "label": answer.label,
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        options = ", per_device_train_batch_size=8"
        return (training_script("KTO", "json", about.file_name(self), options),)
