"""TRL's stepwise supervision: a response in steps, and of each whether it is right.

Source: TRL 1.10, `docs/source/dataset_formats.md` and `trl/experimental/prm/prm_trainer.py`, whose
`tokenize_row` puts a line break behind each step. There is no conversational form of this type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby, takewhile
from typing import Any, ClassVar

from curation.exporters.base import About, Reason, Rule, Snippet, TrainingRow, Written, why_left_out
from curation.exporters.rules import PLAIN_TEXT
from curation.exporters.segments import RIGHT, UNSURE, judged_in_all, judged_segments
from curation.exporters.shapes import JsonLines
from curation.exporters.steps import SINGLE_TURN

Place = tuple[TrainingRow, bool]  # where a response stands: the row, and whether it is the chosen one

NOTHING_KNOWN = Reason(
    "no verdict on its first step",
    "A label is right or wrong. Nobody judged the steps, or people disagree about the first.",
)
SAME_RESPONSE = Reason(
    "response already in the file",
    "It stands in several pairs: its one row has what was said in all of them.",
)
NO_VERDICTS = Rule(
    "no verdicts on the steps of either response",
    "There would be no label. Campaigns of the preset “Step-DPO first wrong step” ask for them.",
    lambda row: not any(judged_segments(row, is_chosen=is_chosen) for is_chosen in (True, False)),
)


class TrlSteps(JsonLines):
    name: ClassVar[str] = "trl_steps"
    label: ClassVar[str] = "TRL stepwise supervision, for process reward models"
    trainer: ClassVar[str] = "TRL"
    needs_origin: ClassVar[bool] = True
    by_prompt: ClassVar[bool] = True
    rows_per_pair: ClassVar[int] = 2
    rules: tuple[Rule, ...] = (PLAIN_TEXT, SINGLE_TURN, NO_VERDICTS)
    help: ClassVar[str] = (
        "One row for each response whose steps were judged: the question as text, the steps in completions "
        "and their verdicts, true or false, in labels."
    )
    notes: ClassVar[tuple[str, ...]] = (
        "PRMTrainer is in trl.experimental of TRL 1.10. TRL 1.16 has no trainer that takes this type.",
        (
            "A row ends before the first step without a clear verdict: after the first wrong step often "
            "nothing is known. Sentences with verdicts count as steps."
        ),
        (
            "White space between steps is left out, because the trainer puts a line break behind each. Which "
            "response was chosen plays no part."
        ),
    )

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return (*self.rules, NOTHING_KNOWN, SAME_RESPONSE)

    def shaped(self, rows: Iterable[TrainingRow], written: Written) -> Iterator[dict[str, Any]]:
        for _, found in groupby(rows, key=lambda row: row.prompt_id):
            places: dict[str, list[Place]] = {}
            for row in found:
                if reason := why_left_out(self.rules, row):
                    written.leave_out(reason, 2)
                    continue
                for text, is_chosen in ((row.chosen, True), (row.rejected, False)):
                    places.setdefault(text, []).append((row, is_chosen))
            for text, standing in places.items():
                shaped = _shape(text, standing)
                if not shaped["labels"]:
                    written.leave_out(NOTHING_KNOWN.reason, len(standing))
                    continue
                if len(standing) > 1:
                    written.leave_out(SAME_RESPONSE.reason, len(standing) - 1)
                written.n_rows += 1
                yield shaped

    def example(self, row: TrainingRow) -> str:
        both = [_shape(row.chosen, [(row, True)]), _shape(row.rejected, [(row, False)])]
        return "\n".join(
            json.dumps(shaped, ensure_ascii=False, indent=2) for shaped in both if shaped["labels"]
        )

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "from datasets import load_dataset\n"
            "from transformers import AutoModelForTokenClassification, AutoTokenizer\n"
            "from trl.experimental.prm import PRMConfig, PRMTrainer\n\n"
            f'train = load_dataset("json", data_files="{about.file_name(self)}", split="train")\n'
            'model = AutoModelForTokenClassification.from_pretrained("BASE_MODEL", num_labels=2)\n'
            'tokenizer = AutoTokenizer.from_pretrained("BASE_MODEL")\n'
            'config = PRMConfig(output_dir="out")\n'
            "PRMTrainer(model, args=config, processing_class=tokenizer, train_dataset=train).train()"
        )
        return (Snippet("train.py", text),)


def _shape(text: str, standing: list[Place]) -> dict[str, Any]:
    known = list(takewhile(lambda judged: judged[1] != UNSURE, judged_in_all(standing)))
    return {
        "prompt": standing[0][0].messages[0]["content"],
        "completions": [text[start:end] for (start, end), _ in known],
        "labels": [verdict == RIGHT for _, verdict in known],
    }
