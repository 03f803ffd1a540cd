"""LLaMA-Factory: ranking data in alpaca and in ShareGPT form, and KTO data.

Each is a zip with the data and the `dataset_info.json` that LLaMA-Factory looks for beside it. Sources:
`data/README.md`, `src/llamafactory/data/{converter,parser,loader}.py` and `data/processor/` of LLaMA-Factory
at ff6d4d1 (August 2026). Turns must alternate from a user's on; a row that does not is skipped with a warning
by the ShareGPT converter, and cannot be said in alpaca form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

import pyarrow as pa

from curation.exporters.base import About, LengthRule, Rule, Snippet, TrainingRow, Written
from curation.exporters.files import SteadyZip, write_json_lines, write_parquet
from curation.exporters.lengths import LLAMA_FACTORY_CUTS
from curation.exporters.rules import DECIDED_PREFERENCE, after_system, conversation, system_text, takes_turns
from curation.exporters.shapes import Answer, AnswerFormat, JsonLines, PairFormat

SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}

NO_TOOLS = Rule(
    "unsupported role",
    "The alpaca form has a place for a system turn at the start, for users and for assistants only.",
    lambda row: not set(after_system(row)) <= {"user", "assistant"},
)
SYSTEM_FIRST = Rule(
    "unsupported role",
    "The converter takes a system turn at the start only; later it is an invalid role.",
    lambda row: "system" in after_system(row),
)
ALTERNATES = Rule(
    "turns do not alternate",
    "User and assistant turns must take turns, an odd number of them: LLaMA-Factory skips other rows.",
    lambda row: not takes_turns(row, {"user", "tool"}, {"assistant"}),
)
SHAREGPT_RULES = (*DECIDED_PREFERENCE, SYSTEM_FIRST, ALTERNATES)

PLACEHOLDERS = (
    "A text that spells <image>, <video> or <audio> stops training with a multimodal template, which counts "
    "them against attached files."
)


class _Folder(JsonLines):
    """A zip to be unpacked as `dataset_dir`. `info` is what `dataset_info.json` says but for the file."""

    name: ClassVar[str]
    trainer: ClassVar[str] = "LLaMA-Factory"
    suffix: ClassVar[str] = "zip"
    notes: ClassVar[tuple[str, ...]] = (PLACEHOLDERS,)
    data_suffix: ClassVar[str] = "jsonl"
    info: ClassVar[dict[str, Any]]
    options: ClassVar[str]  # lines of the training configuration that belong to the method

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:
        written = Written()
        with SteadyZip(path) as zipped, TemporaryFile(dir=path.parent) as data:
            self.write_data(self.shaped(rows, written), data)
            zipped.add("dataset_info.json", self.dataset_info(about) + "\n")
            zipped.copy(f"{about.name}.{self.data_suffix}", data)
        return written

    def write_data(self, rows: Iterator[dict[str, Any]], data: IO[bytes]) -> None:
        write_json_lines(rows, data)

    def dataset_info(self, about: About) -> str:
        entry = {"file_name": f"{about.name}.{self.data_suffix}", **self.info}
        return json.dumps({about.name: entry}, indent=2)

    def usage(self, about: About) -> tuple[Snippet, ...]:
        folder = f"{about.name}-{self.name}"
        lines = f"{self.options}\ndataset_dir: {folder}  # the unpacked zip\ndataset: {about.name}"
        return (
            Snippet("dataset_info.json, in the zip", self.dataset_info(about)),
            Snippet("train.yaml", f"{lines}\ntemplate: TEMPLATE_OF_THE_MODEL"),
        )


RANKING_OPTIONS = "stage: dpo  # rm for a reward model\npref_beta: 0.1\npref_loss: sigmoid"


class LlamaFactoryAlpaca(_Folder, PairFormat):
    """Parquet, because the history is empty in most rows: from JSON lines `datasets` takes the type of the
    first ones, null, and fails at the first history that has turns."""

    name: ClassVar[str] = "llama_factory_alpaca"
    label: ClassVar[str] = "LLaMA-Factory ranking, alpaca"
    help: ClassVar[str] = (
        "Instruction, system and history beside chosen and rejected, in a zip with dataset_info.json. For "
        "the stages dpo and rm."
    )
    data_suffix: ClassVar[str] = "parquet"
    rules: tuple[Rule, ...] = (*DECIDED_PREFERENCE, NO_TOOLS, ALTERNATES)
    length_rules: ClassVar[tuple[LengthRule, ...]] = LLAMA_FACTORY_CUTS
    options: ClassVar[str] = RANKING_OPTIONS
    info: ClassVar[dict[str, Any]] = {
        "ranking": True,
        "columns": {
            "prompt": "instruction",
            "query": "input",
            "system": "system",
            "history": "history",
            "chosen": "chosen",
            "rejected": "rejected",
        },
    }
    schema: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("instruction", pa.string()),
            pa.field("input", pa.string()),
            pa.field("system", pa.string()),
            pa.field("history", pa.list_(pa.list_(pa.string()))),
            pa.field("chosen", pa.string()),
            pa.field("rejected", pa.string()),
        ]
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        texts = [turn["content"] for turn in row.messages if turn["role"] != "system"]
        return {
            "instruction": texts[-1],
            "input": "",
            "system": system_text(row),
            "history": [list(turns) for turns in zip(texts[:-1:2], texts[1::2], strict=True)],
            "chosen": row.chosen,
            "rejected": row.rejected,
        }

    def write_data(self, rows: Iterator[dict[str, Any]], data: IO[bytes]) -> None:
        write_parquet(rows, data, self.schema)


def said(row: TrainingRow) -> list[dict[str, str]]:
    return [turn_of(turn["role"], turn["content"]) for turn in conversation(row)]


def turn_of(role: str, text: str) -> dict[str, str]:
    return {"from": SPEAKERS[role], "value": text}


class LlamaFactorySharegpt(_Folder, PairFormat):
    name: ClassVar[str] = "llama_factory_sharegpt"
    label: ClassVar[str] = "LLaMA-Factory ranking, ShareGPT"
    help: ClassVar[str] = (
        "Conversations of human and gpt with a chosen and a rejected turn, in a zip with dataset_info.json. "
        "For the stages dpo and rm."
    )
    rules: tuple[Rule, ...] = SHAREGPT_RULES
    length_rules: ClassVar[tuple[LengthRule, ...]] = LLAMA_FACTORY_CUTS
    options: ClassVar[str] = RANKING_OPTIONS
    info: ClassVar[dict[str, Any]] = {
        "formatting": "sharegpt",
        "ranking": True,
        "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
    }

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {
            "conversations": said(row),
            "chosen": turn_of("assistant", row.chosen),
            "rejected": turn_of("assistant", row.rejected),
        }


class LlamaFactoryKto(_Folder, AnswerFormat):
    name: ClassVar[str] = "llama_factory_kto"
    label: ClassVar[str] = "LLaMA-Factory KTO"
    help: ClassVar[str] = (
        "One conversation for each response, with kto_tag true or false, in a zip with dataset_info.json. "
        "For the stage kto."
    )
    rules: tuple[Rule, ...] = SHAREGPT_RULES
    options: ClassVar[str] = "stage: kto\npref_beta: 0.1"
    info: ClassVar[dict[str, Any]] = {
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "kto_tag": "kto_tag"},
    }

    def shape(self, answer: Answer) -> dict[str, Any]:
        return {
            "conversations": [*said(answer.row), turn_of("assistant", answer.text)],
            "kto_tag": answer.label,
        }
