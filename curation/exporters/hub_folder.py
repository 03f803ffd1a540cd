"""A dataset folder as the Hugging Face Hub has them: README.md with a card, and Parquet files by split.

The rows have TRL's explicit preference columns, and where each comes from. The card names no rater, no
file and no user of the project. Source: Hugging Face Hub documentation, “Dataset cards” and
“Manual configuration”.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, ClassVar

import pyarrow as pa

from curation.exporters.base import About, LengthRule, Snippet, TrainingRow, Written, why_left_out
from curation.exporters.files import ParquetFile, SteadyZip
from curation.exporters.hub_card import hub_card
from curation.exporters.lengths import TRL_CUTS
from curation.exporters.shapes import PairFormat
from curation.exporters.trl import SCHEMA as PREFERENCE_SCHEMA
from curation.exporters.trl import TIES, preference_row

SPLITS = {"train": "train", "eval": "test"}  # ours, and the Hub's name for it
ORIGIN = ("prompt_id", "category", "source", "licence", "chosen_by", "rejected_by")
SCHEMA = pa.schema([*PREFERENCE_SCHEMA, *(pa.field(name, pa.string()) for name in ORIGIN)])


class HubFolder(PairFormat):
    name: ClassVar[str] = "hub_folder"
    label: ClassVar[str] = "Hugging Face dataset folder"
    trainer: ClassVar[str] = "Other code and people"
    suffix: ClassVar[str] = "zip"
    length_rules: ClassVar[tuple[LengthRule, ...]] = TRL_CUTS
    help: ClassVar[str] = (
        "A folder with a dataset card and Parquet files by split, as the Hub has them. Export the split "
        "“all” for both."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "The split eval is called test, the name that most readers expect.",
        TIES,
        (
            "The card names models and sources, and counts people and judges without naming them. Read it "
            "before you publish the folder."
        ),
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {**preference_row(row), **{name: getattr(row, name) for name in ORIGIN}}

    def write(self, rows: Iterable[TrainingRow], path: Path, about: About) -> Written:
        written = Written()
        splits: Counter[str] = Counter()
        licences: Counter[str] = Counter()
        with SteadyZip(path) as zipped, ExitStack() as scratch:
            data: dict[str, IO[bytes]] = {
                name: scratch.enter_context(TemporaryFile(dir=path.parent)) for name in SPLITS.values()
            }
            with ExitStack() as open_files:
                files = {
                    name: open_files.enter_context(ParquetFile(file, SCHEMA)) for name, file in data.items()
                }
                for row in rows:
                    if reason := why_left_out(self.rules, row):
                        written.leave_out(reason)
                        continue
                    written.n_rows += 1
                    splits[SPLITS[row.split]] += 1
                    licences[row.licence] += 1
                    files[SPLITS[row.split]].add(self.shape(row))
            found = [name for name in data if splits[name]]
            counts = {name: splits[name] for name in found}
            zipped.add("README.md", hub_card(about, counts, dict(licences), written.left_out))
            for name in found:
                zipped.copy(f"data/{name}.parquet", data[name])
        return written

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n\n"
            f'dataset = load_dataset("{about.name}-{self.name}")  # the unpacked zip\n'
            'train = dataset["train"]'
        )
        return (Snippet("train.py", text),)
