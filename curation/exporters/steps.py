"""Step-DPO: pairs of which each half is one step, after the steps that both responses share.

Source: dvlab-research/Step-DPO, `train.py` and `data_pipeline/generate_dataset.py`; arXiv 2406.18629. The
trainer puts its own template around `prompt`, and `initial_reason_steps` behind it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from curation.algorithms.segments import Bounds, step_bounds, stored_bounds
from curation.algorithms.shared_steps import Parting, n_shared, parting
from curation.exporters.base import About, Rule, Snippet, TrainingRow
from curation.exporters.rules import DECIDED_PREFERENCE
from curation.exporters.segments import stored_segments
from curation.exporters.shapes import PairFormat

Two = tuple[str, str]
Stored = tuple[Bounds, ...]  # the segments stored with a response; empty where there are none


class Cut(NamedTuple):
    """How many steps two responses share, and where they part, if they do so after a step."""

    shared: int
    parting: Parting | None


@lru_cache(maxsize=1)  # the rules and the shape of one row ask for the same
def _cut(texts: Two, stored: tuple[Stored, Stored]) -> Cut:
    one, other = (known or step_bounds(text) for text, known in zip(texts, stored, strict=True))
    return Cut(n_shared(texts, (one, other)), parting(texts, (one, other)))


def cut(row: TrainingRow) -> Cut:
    """By the steps that are stored with the responses, else those that their texts show."""
    chosen, rejected = (
        tuple(stored_bounds(stored_segments(row, is_chosen=is_chosen), text))
        for text, is_chosen in ((row.chosen, True), (row.rejected, False))
    )
    return _cut((row.chosen, row.rejected), (chosen, rejected))


SINGLE_TURN = Rule(
    "prompt has other turns than one of the user",
    "Step-DPO's template takes one question: a system turn or earlier turns would be lost.",
    lambda row: [turn["role"] for turn in row.messages] != ["user"],
)
SHARED = Rule(
    "no shared first step",
    "Only the step at which two solutions part is trained on; these part at once.",
    lambda row: not cut(row).shared,
)
GOES_ON = Rule(
    "one response ends where the shared steps end",
    "There is no step to prefer to the other's next one.",
    lambda row: cut(row).parting is None,
)
SOMETHING = Rule(
    "empty step",
    "There would be nothing to learn from but the end of the step.",
    lambda row: (found := cut(row).parting) is not None and not all(step.strip() for step in found.steps),
)


class StepDpo(PairFormat):
    name: ClassVar[str] = "step_dpo"
    label: ClassVar[str] = "Step-DPO, the step where two solutions part"
    trainer: ClassVar[str] = "Steps and sentences"
    needs_origin: ClassVar[bool] = True
    rules: tuple[Rule, ...] = (*DECIDED_PREFERENCE, SINGLE_TURN, SHARED, GOES_ON, SOMETHING)
    help: ClassVar[str] = (
        "The question, the steps that both responses begin with, and the next step of each: the columns of "
        "xinlai/math-step-dpo-10K without its answer."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "Steps are those stored with a response, else what its text shows: “Step 1:”, numbers, or "
            "paragraphs. That the shared steps are right, and the rejected step the first wrong one, is what "
            "Step-DPO assumes: the version's preference is about the whole responses and does not say it."
        ),
        "full_chosen and full_rejected go on to the end of the response; the trainer does not read them.",
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        found = cut(row).parting
        if found is None:
            raise ValueError("a row that shares no step was not left out")
        return {
            "dataset": row.source,
            "prompt": row.messages[0]["content"],
            "initial_reason_steps": found.shared,
            "chosen": found.steps[0],
            "rejected": found.steps[1],
            "full_chosen": found.rests[0],
            "full_rejected": found.rests[1],
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        # The trainer takes a path for a file only if “.json” is in it, as it is in “.jsonl”.
        text = (
            "accelerate launch --config_file accelerate_configs/deepspeed_zero3.yaml train.py \\\n"
            "  configs/config_full.yaml --model_name_or_path=BASE_MODEL \\\n"
            f"  --data_path={about.file_name(self)} --prompt=qwen2-boxed"
        )
        return (Snippet("Step-DPO", text),)
