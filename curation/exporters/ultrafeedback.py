"""The columns of HuggingFaceH4/ultrafeedback_binarized, for code that was written for it.

Source: the card of that dataset. `chosen` and `rejected` are whole conversations, `messages` is the chosen
one, and `prompt` is the text of the first user turn. `prompt_id` is the prompt's fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from curation.exporters.base import About, LengthRule, Snippet, TrainingRow, Written
from curation.exporters.files import write_parquet
from curation.exporters.lengths import TRL_CUTS
from curation.exporters.rules import conversation
from curation.exporters.shapes import PairFormat
from curation.exporters.trl import TIES

_MESSAGES = pa.list_(pa.struct([pa.field("content", pa.string()), pa.field("role", pa.string())]))
SCHEMA = pa.schema(
    [
        pa.field("prompt", pa.string()),
        pa.field("prompt_id", pa.string()),
        pa.field("chosen", _MESSAGES),
        pa.field("rejected", _MESSAGES),
        pa.field("messages", _MESSAGES),
        pa.field("score_chosen", pa.float64()),
        pa.field("score_rejected", pa.float64()),
    ]
)


class UltraFeedback(PairFormat):
    name: ClassVar[str] = "ultrafeedback"
    label: ClassVar[str] = "UltraFeedback binarized"
    trainer: ClassVar[str] = "Other code and people"
    suffix: ClassVar[str] = "parquet"
    length_rules: ClassVar[tuple[LengthRule, ...]] = TRL_CUTS
    help: ClassVar[str] = (
        "The columns of HuggingFaceH4/ultrafeedback_binarized, for recipes and scripts that were written for "
        "that dataset."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "The scores are P(better), 0 to 1, where UltraFeedback has grades from 1 to 10.",
        (
            "Remove the column prompt before TRL's own trainers read it: chosen and rejected begin with the "
            "prompt already. TRL's own formats need no such step."
        ),
        TIES,
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        prompt = [_turn(turn["role"], turn["content"]) for turn in conversation(row)]
        chosen = [*prompt, _turn("assistant", row.chosen)]
        return {
            "prompt": next(turn["content"] for turn in prompt if turn["role"] == "user"),
            "prompt_id": row.prompt_id,
            "chosen": chosen,
            "rejected": [*prompt, _turn("assistant", row.rejected)],
            "messages": chosen,
            "score_chosen": row.soft_label,
            "score_rejected": 1 - row.soft_label,
        }

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:  # noqa: ARG002 -- see JsonLines
        written = Written()
        with path.open("wb") as file:
            write_parquet(self.shaped(rows, written), file, SCHEMA)
        return written

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n\n"
            f'train = load_dataset("parquet", data_files="{about.file_name(self)}", split="train")\n'
            'train = train.remove_columns(["prompt", "messages"])  # for TRL alone'
        )
        return (Snippet("train.py", text),)


def _turn(role: str, content: str) -> dict[str, str]:
    return {"content": content, "role": role}
