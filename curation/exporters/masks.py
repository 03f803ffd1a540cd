"""Mask-DPO: pairs of whole responses with a verdict on each sentence.

Source: open-compass/ANAH, `maskdpo/dataset.py`; arXiv 2503.02846. Its trainer masks the sentences called
hallucination in the chosen response, and those called no_hallucination in the rejected one.
"""

from __future__ import annotations

from typing import Any, ClassVar

from curation.exporters.base import About, Rule, Snippet, TrainingRow
from curation.exporters.rules import DECIDED_PREFERENCE, conversation
from curation.exporters.segments import RIGHT, WRONG, Judged, judged_segments
from curation.exporters.shapes import PairFormat

HALLUCINATED, TRUE = "hallucination", "no_hallucination"


def _is_kept(verdict: str, *, is_chosen: bool) -> bool:
    """Whether the sentence is trained on: right ones of the chosen response, wrong ones of the rejected."""
    return verdict == (RIGHT if is_chosen else WRONG)


def _judged(row: TrainingRow) -> list[tuple[Judged, bool]]:
    return [(judged_segments(row, is_chosen=is_chosen), is_chosen) for is_chosen in (True, False)]


JUDGED = Rule(
    "no verdicts on the sentences of both responses",
    "Without them there is nothing to mask. Campaigns of the preset “Mask-DPO sentences” ask for them.",
    lambda row: not all(segments for segments, _ in _judged(row)),
)
SOME_LEFT = Rule(
    "a response is masked whole",
    "No sentence of the chosen response is right, or none of the rejected one wrong.",
    lambda row: (
        not all(
            any(_is_kept(verdict, is_chosen=is_chosen) for _, verdict in segments)
            for segments, is_chosen in _judged(row)
        )
    ),
)


class MaskDpo(PairFormat):
    name: ClassVar[str] = "mask_dpo"
    label: ClassVar[str] = "Mask-DPO, verdicts on sentences"
    trainer: ClassVar[str] = "Steps and sentences"
    needs_origin: ClassVar[bool] = True
    rules: tuple[Rule, ...] = (*DECIDED_PREFERENCE, JUDGED, SOME_LEFT)
    help: ClassVar[str] = (
        "Prompt, chosen and rejected as chat messages, and for each response its sentences with their kind, "
        "hallucination or no_hallucination."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "The sentences of a response, put together, are its text: white space stands before a sentence. "
            "So offsets of characters follow from their lengths. ANAH's loader counts tokens sentence by "
            "sentence instead, which can be off by some where tokens join; where the count overshoots, it "
            "drops the mask of that row."
        ),
        (
            "A sentence on which people are unsure, or as many say right as wrong, gets the kind that is "
            "masked: hallucination in the chosen response, no_hallucination in the rejected one."
        ),
        "Steps with verdicts count as sentences; after the first wrong step nothing is known.",
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return {
            "prompt": conversation(row),
            "chosen": [{"role": "assistant", "content": row.chosen}],
            "rejected": [{"role": "assistant", "content": row.rejected}],
            "chosen_item": _item(row, is_chosen=True),
            "rejected_item": _item(row, is_chosen=False),
        }

    def usage(self, about: About) -> tuple[Snippet, ...]:
        text = (
            "train_dataset = dict(\n    type=build_preference_dataset,\n"
            f'    dataset=dict(type=load_jsonl_dataset, data_files=["{about.file_name(self)}"]),\n'
            "    tokenizer=tokenizer,\n    max_length=1024,\n    is_dpo=True,\n)"
        )
        return (Snippet("The dataset in a configuration of XTuner", text),)


def _item(row: TrainingRow, *, is_chosen: bool) -> dict[str, list[str]]:
    text = row.chosen if is_chosen else row.rejected
    segments = judged_segments(row, is_chosen=is_chosen)
    # Each sentence from where the one before it ended; the last to the end of the text.
    ends = [end for (_, end), _ in segments[:-1]] + [len(text)]
    starts = [0, *ends[:-1]]
    masked, kept = (HALLUCINATED, TRUE) if is_chosen else (TRUE, HALLUCINATED)
    return {
        "sents": [text[start:end] for start, end in zip(starts, ends, strict=True)],
        "type": [kept if _is_kept(verdict, is_chosen=is_chosen) else masked for _, verdict in segments],
    }
