"""TRL's conversational preference format, with explicit prompts, as `DPOTrainer` and `RewardTrainer` take it.

Source: TRL 1.16, `docs/source/dataset_formats.md`. The prompt stays explicit because TRL splits an
implicit one at the longest common prefix, in the middle of a word. `score_chosen` and `score_rejected`
(as in UltraFeedback binarized) are P(better); the trainers ignore them. There is no `margin` column:
`RewardTrainer` would train on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from curation.exporters.base import TrainingRow, Written

GROUP = 1000  # rows of a Parquet row group: fixed, so that the same rows give the same bytes

_MESSAGES = pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())]))
SCHEMA = pa.schema(
    [
        pa.field("prompt", _MESSAGES),
        pa.field("chosen", _MESSAGES),
        pa.field("rejected", _MESSAGES),
        pa.field("score_chosen", pa.float64()),
        pa.field("score_rejected", pa.float64()),
    ]
)


def why_left_out(row: TrainingRow) -> str:
    """The reason TRL could not train on this row as it is meant, or nothing."""
    turns = row.messages
    if not all(isinstance(turn["content"], str) and "tool_calls" not in turn for turn in turns):
        return "prompt is not plain text"
    if turns[-1]["role"] != "user":
        return "prompt does not end with a user turn"
    if not row.chosen.strip() or not row.rejected.strip():
        return "empty response"
    if row.chosen == row.rejected:
        return "identical responses"
    return ""


def preference_row(row: TrainingRow) -> dict[str, Any]:
    return {
        "prompt": [{"role": turn["role"], "content": turn["content"]} for turn in row.messages],
        "chosen": [{"role": "assistant", "content": row.chosen}],
        "rejected": [{"role": "assistant", "content": row.rejected}],
        "score_chosen": row.soft_label,
        "score_rejected": 1 - row.soft_label,
    }


def usable(rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
    """The rows in TRL's shape, counting them and those left out."""
    for row in rows:
        if reason := why_left_out(row):
            written.leave_out(reason)
            continue
        written.n_rows += 1
        yield preference_row(row)


class _Trl:
    def example(self, row: TrainingRow) -> str | None:
        return None if why_left_out(row) else json.dumps(preference_row(row), ensure_ascii=False, indent=2)


class TrlJsonl(_Trl):
    name: ClassVar[str] = "trl_jsonl"
    label: ClassVar[str] = "TRL preference, JSON lines"
    suffix: ClassVar[str] = "jsonl"
    help: ClassVar[str] = (
        "One JSON object a line: prompt, chosen and rejected as chat messages. DPOTrainer takes it as it is."
    )

    def write(self, rows: Iterable[TrainingRow], path: Path) -> Written:
        written = Written()
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for row in usable(rows, written):
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        return written


class TrlParquet(_Trl):
    name: ClassVar[str] = "trl_parquet"
    label: ClassVar[str] = "TRL preference, Parquet"
    suffix: ClassVar[str] = "parquet"
    help: ClassVar[str] = (
        "The same columns as the JSON lines, compressed; best for large sets and for the Hugging Face Hub."
    )

    def write(self, rows: Iterable[TrainingRow], path: Path) -> Written:
        written = Written()
        ready = usable(rows, written)
        with pq.ParquetWriter(path, SCHEMA, compression="zstd", version="2.6") as writer:
            while group := list(islice(ready, GROUP)):
                writer.write_table(pa.Table.from_pylist(group, schema=SCHEMA), row_group_size=GROUP)
        return written
