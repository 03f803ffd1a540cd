"""AlpacaEval: what annotators said of two outputs, and the outputs of one model."""

from __future__ import annotations

from typing import Any

from curation.importers.datasets import fields
from curation.importers.datasets.record import (
    Answer,
    Comparison,
    DatasetFormat,
    PreferenceRecord,
    PromptText,
    Rated,
    Row,
)
from curation.services.prompt_parse import RowError

TIE = 1.5
OF_PROMPT = ("instruction", "input", "dataset", "datasplit")
OF_ANNOTATION = ("output_1", "output_2", "generator_1", "generator_2", "annotator", "preference")
OF_OUTPUT = ("output", "generator")


def read_annotations(row: Row) -> PreferenceRecord:
    """`preference` runs from 1 (output 1) to 2 (output 2); what lies between is a probability."""
    value = row.get("preference")
    if value is None:
        raise RowError("The row has no preference: the annotator's answer could not be read")
    preference = fields.number(value, "The preference")
    if not 1 <= preference <= 2:
        raise RowError(f"The preference is {preference:g}; it runs from 1 (output 1) to 2 (output 2)")
    one, two = fields.text(row, "output_1"), fields.text(row, "output_2")
    fields.two_texts(one, two)
    outcome, towards = fields.towards(TIE - preference)
    annotator = fields.label(row, "annotator") or "annotator"
    rater = Rated(f"{annotator} (AlpacaEval)", "judge")
    columns = fields.others(row, (*OF_PROMPT, *OF_ANNOTATION))
    comparison = Comparison(0, 1, rater, outcome, towards, probability=2 - preference, columns=columns)
    answers = (Answer(one, fields.label(row, "generator_1")), Answer(two, fields.label(row, "generator_2")))
    return PreferenceRecord(_prompt(row), answers, (comparison,))


def read_output(row: Row) -> PreferenceRecord:
    """One response of the model that `generator` names. Nothing is compared."""
    metadata = fields.others(row, (*OF_PROMPT, *OF_OUTPUT))
    answer = Answer(fields.text(row, "output"), fields.text(row, "generator").strip(), metadata)
    return PreferenceRecord(_prompt(row), (answer,))


def _prompt(row: Row) -> PromptText:
    """The same prompt in both files, so that outputs stand beside those that were annotated."""
    extra = fields.label(row, "input")
    text = fields.text(row, "instruction") + (f"\n\n{extra}" if extra else "")
    split = fields.split_named(row.get("datasplit"))
    metadata = {} if split else {"datasplit": row.get("datasplit")}
    return PromptText(
        fields.user_turn(text), category=fields.label(row, "dataset"), metadata=metadata, split=split
    )


PROMPT, RIGHT, WRONG = "Why is the sky blue?", "Air scatters blue light most.", "It mirrors the sea."
OF_TEST_SET: dict[str, Any] = {"dataset": "helpful_base", "datasplit": "eval"}

FORMATS = (
    DatasetFormat(
        name="alpaca-eval",
        label="AlpacaEval annotations",
        source="tatsu-lab/alpaca_eval, annotations.json",
        dataset="AlpacaEval",
        licence="CC-BY-NC-4.0",
        split="eval",
        help="The preference from 1 to 2 becomes the probability that output 1 is better; 1.5 is a tie. Rows "
        "whose annotator's answer could not be read have none and are reported. A test set: its prompts go "
        "to the split eval.",
        example={
            "instruction": PROMPT,
            "output_1": RIGHT,
            "generator_1": "gpt4_1106_preview",
            "output_2": WRONG,
            "generator_2": "alpaca-7b",
            "annotator": "weighted_alpaca_eval_gpt4_turbo",
            "preference": 1.02,
        },
        recognises=lambda row: fields.has(row, "instruction", "output_1", "output_2", "preference"),
        read=fields.one(read_annotations),
    ),
    DatasetFormat(
        name="alpaca-eval-outputs",
        label="AlpacaEval outputs",
        source="tatsu-lab/alpaca_eval, model_outputs.json",
        dataset="AlpacaEval",
        licence="CC-BY-NC-4.0",
        split="eval",
        help="One response a row, of the model that generator names; nothing is compared. The outputs of "
        "another model, and annotations, stand beside it at the same prompts, so that pairs can be built. A "
        "test set: its prompts go to the split eval.",
        example={"instruction": PROMPT, "output": RIGHT, "generator": "alpaca-7b", **OF_TEST_SET},
        recognises=lambda row: fields.has(row, "instruction", "output", "generator"),
        read=fields.one(read_output),
    ),
)
