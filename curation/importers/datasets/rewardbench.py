"""RewardBench 1 and 2."""

from __future__ import annotations

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    BETTER,
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError

COUNTS = ("num_correct", "num_incorrect", "total_completions")
CURATORS = Rated("curators (RewardBench)")
CURATORS_2 = Rated("curators (RewardBench 2)")


def read_1(row: Row) -> PreferenceRecord:
    chosen, rejected = (
        Answer(fields.text(row, side), fields.label(row, f"{side}_model")) for side in ("chosen", "rejected")
    )
    answers, comparison = fields.preferred_pair(chosen, rejected, CURATORS)
    return PreferenceRecord(_prompt(row, "chosen_model", "rejected_model"), answers, (comparison,))


def _prompt(row: Row, *used: str) -> PromptText:
    return PromptText(
        fields.user_turn(fields.text(row, "prompt")),
        category=fields.label(row, "subset"),
        metadata=fields.others(row, ("prompt", "chosen", "rejected", "subset", *used)),
    )


def read_2(row: Row) -> PreferenceRecord:
    """Each correct completion against each wrong one; `models` names them, correct ones first."""
    right, wrong = (fields.as_list(row.get(side), f"The field “{side}”") for side in ("chosen", "rejected"))
    texts = [*right, *wrong]
    if not right or not wrong:
        raise RowError("The row needs at least one chosen and one rejected completion")
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise RowError("A completion is empty or not a text")
    if set(right) & set(wrong):
        raise RowError("A completion is both chosen and rejected")
    models = fields.as_list(row.get("models") or [], "The field “models”")
    is_named = len(models) == len(texts)
    names = models if is_named else [""] * len(texts)
    answers = [Answer(text, str(name)) for text, name in zip(texts, names, strict=True)]
    good = set(right)
    ordered = fields.by_hash(answers)
    comparisons = tuple(
        Comparison(first, second, CURATORS_2, "preferred", BETTER if ordered[first].text in good else -BETTER)
        for first in range(len(ordered))
        for second in range(first + 1, len(ordered))
        if (ordered[first].text in good) != (ordered[second].text in good)
    )
    used = (*COUNTS, "models") if is_named else COUNTS
    return PreferenceRecord(_prompt(row, *used), tuple(ordered), comparisons)


PROMPT, RIGHT, WRONG = "Why is the sky blue?", "Air scatters blue light most.", "It mirrors the sea."

FORMATS = (
    DatasetFormat(
        name="rewardbench",
        label="RewardBench",
        source="allenai/reward-bench, dataset card",
        dataset="RewardBench",
        licence="ODC-BY",
        split="eval",
        help="A test set for reward models, so its prompts go to the split eval unless you choose another.",
        example={
            "id": 1,
            "prompt": PROMPT,
            "chosen": RIGHT,
            "chosen_model": "GPT4-Turbo",
            "rejected": WRONG,
            "rejected_model": "alpaca-7b",
            "subset": "alpacaeval-easy",
        },
        recognises=lambda row: fields.has(row, "prompt", "chosen", "chosen_model", "rejected_model"),
        read=fields.one(read_1),
    ),
    DatasetFormat(
        name="rewardbench-2",
        label="RewardBench 2",
        source="allenai/reward-bench-2, dataset card",
        dataset="RewardBench 2",
        licence="ODC-BY",
        split="eval",
        help="Each correct completion is preferred to each wrong one; correct ones (several in the subset "
        "Ties) are not compared with one another. A test set: its prompts go to the split eval.",
        example={
            "id": "1",
            "prompt": PROMPT,
            "chosen": [RIGHT],
            "rejected": [WRONG, "Nobody knows.", "Because of oxygen."],
            "num_correct": 1,
            "num_incorrect": 3,
            "total_completions": 4,
            "models": ["gpt-4o", "llama-3-8b", "llama-3-8b", "qwen-2.5-7b"],
            "subset": "Factuality",
        },
        recognises=lambda row: fields.has(row, "prompt", "chosen", "rejected", "num_correct", "models"),
        read=fields.one(read_2),
    ),
)
