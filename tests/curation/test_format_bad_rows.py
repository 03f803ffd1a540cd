"""A row that cannot be read says what is wrong with it, in every format."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from curation.importers.datasets import trl
from curation.importers.datasets.registry import FORMATS
from curation.services.prompt_parse import RowError
from tests.curation.format_rows import LONG, RIGHT, SKY, TURN, WRONG, changed, entries, read


def pairwise(**value: Any) -> dict[str, Any]:
    """A Label Studio task in which one annotator gave this value."""
    return {"annotations": [{"completed_by": 3, "result": [{"from_name": "pw", "value": value}]}]}


# As the Arena's file has an answer that is a picture: every part has every key.
PICTURE = {
    "role": "assistant",
    "content": [
        {"type": "image", "text": None, "image": "https://example.org/1.png", "mimeType": "image/png"}
    ],
}
BAD_ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("trl-explicit", {"chosen": ...}, "chosen is missing, not a list"),
    ("trl-explicit", {"rejected": [trl.GOOD]}, "the same text"),
    ("trl-explicit", {"chosen": []}, "chosen is an empty list"),
    ("trl-explicit", {"chosen": [TURN]}, "a turn of user"),
    ("trl-explicit", {"chosen": [{"role": "assistant", "content": [{"type": "image"}]}]}, "an image"),
    ("trl-explicit", {"chosen": [{"role": "assistant"}]}, "turn 1 is missing"),
    ("trl-explicit", {"chosen": [trl.GOOD, trl.BAD]}, "several turns"),
    ("trl-explicit", {"prompt": [TURN, trl.GOOD]}, "ends with assistant"),
    ("trl-explicit", {"prompt": "", "chosen": "a", "rejected": "b"}, "“prompt” is empty"),
    ("trl-explicit", {"margin": "wide"}, "The margin is 'wide'"),
    ("trl-implicit", {"chosen": "Yes.", "rejected": "No."}, "share no beginning"),
    ("trl-implicit", {"rejected": [*LONG, trl.BAD]}, "differ before their last turns"),
    ("trl-implicit", {"chosen": [trl.GOOD]}, "no prompt"),
    ("trl-unpaired", {"label": "maybe"}, "must be true or false"),
    ("trl-unpaired", {"label": None}, "must be true or false"),
    ("trl-unpaired", {"completion": ""}, "“completion” is empty"),
    ("trl-stepwise", {"labels": [True]}, "2 steps and 1 labels"),
    ("trl-stepwise", {"completions": ["a", " "]}, "A step is empty"),
    ("trl-stepwise", {"labels": [True, "no"]}, "is not true or false"),
    ("skywork", {"chosen": [TURN]}, "no prompt"),
    ("hh-rlhf", {"chosen": "\n\nHuman: Hi\n\nAssistant:"}, "an empty answer"),
    ("hh-rlhf", {"chosen": "\n\nHuman: Hi\n\nAssistant: A\n\nHuman: B"}, "a turn of the human"),
    ("hh-rlhf", {"chosen": "\n\nHuman: Other?\n\nAssistant: A"}, "differ before their last answers"),
    ("hh-rlhf", {"rejected": FORMATS["hh-rlhf"].example["chosen"]}, "the same text"),
    ("hh-rlhf", {"chosen": "Hello"}, "does not begin with “Human:”"),
    ("hh-rlhf", {"rejected": None}, "“rejected” is missing"),
    ("ultrafeedback", {"completions": []}, "fewer than two"),
    ("ultrafeedback", {"completions": None}, "is missing, not a list"),
    ("ultrafeedback", {"completions": ["text", "text"]}, "Completion 1 is not an object"),
    ("ultrafeedback", {"completions": [{"response": "a"}, {"response": "b"}]}, "nothing to compare"),
    ("ultrafeedback", {"instruction": " "}, "“instruction” is empty"),
    ("ultrafeedback-binarized", {"score_chosen": "high"}, "score_chosen is 'high'"),
    ("ultrafeedback-binarized", {"rejected": [TURN, trl.GOOD]}, "the same text"),
    ("helpsteer2", {"helpfulness": 5}, "it runs from 0 to 4"),
    ("helpsteer2", {"verbosity": ...}, "The verbosity is 'None'"),
    ("helpsteer2", {"response": 3}, "“response” is a number"),
    ("helpsteer2-preference", {"preference_strength": -100}, "it runs from -3 to 3"),
    ("helpsteer2-preference", {"response_2": RIGHT}, "the same text"),
    ("helpsteer3", {"individual_preference": [{"score": 9}]}, "The score of individual preference 1 is 9"),
    ("helpsteer3", {"individual_preference": ["much"]}, "Individual preference 1 is not an object"),
    ("helpsteer3", {"individual_preference": [], "overall_preference": None}, "overall_preference is 'None'"),
    ("helpsteer3", {"context": []}, "not a list of turns"),
    ("helpsteer3-feedback", {"feedback1": [], "feedback2": None}, "no feedback on either"),
    ("helpsteer3-feedback", {"feedback1": "Good."}, "not valid JSON"),
    ("helpsteer3-feedback", {"feedback2": [3]}, "holds something that is not a text"),
    ("helpsteer3-feedback", {"response1": ""}, "“response1” is empty"),
    ("helpsteer3-edit", {"edited_response": WRONG}, "the same text"),
    ("helpsteer3-edit", {"original_response": None}, "“original_response” is missing"),
    ("helpsteer3-edit", {"context": None}, "not a list of turns"),
    ("helpsteer3-edit-quality", {"bad_edited_response": RIGHT}, "the same text"),
    ("helpsteer3-edit-quality", {"good_edited_response": " "}, "“good_edited_response” is empty"),
    ("nectar", {"answers": [{"answer": "a", "rank": 1}]}, "fewer than two answers"),
    ("nectar", {"answers": [{"answer": "a", "rank": 1}, {"answer": "b", "rank": 0}]}, "A rank is 0"),
    ("nectar", {"answers": "[broken"}, "not valid JSON"),
    ("nectar", {"prompt": SKY}, "does not begin with “Human:”"),
    ("shp", {"labels": 2}, "The label is 2"),
    ("shp", {"human_ref_B": ""}, "“human_ref_B” is empty"),
    ("shp", {"score_A": None}, "score_A is 'None'"),
    ("pku-saferlhf", {"better_response_id": -1}, "better_response_id is -1"),
    ("pku-saferlhf", {"safer_response_id": ...}, "safer_response_id is 'None'"),
    ("pku-saferlhf", {"response_0_harm_category": ["theft"]}, "harm categories is a list, not an object"),
    ("pku-saferlhf", {"response_1": RIGHT}, "the same text"),
    ("arena-33k", {"winner": "model_c"}, "The winner is 'model_c'"),
    ("arena-33k", {"conversation_b": [*LONG, trl.BAD]}, "earlier answers differ"),
    ("arena-33k", {"conversation_a": [TURN]}, "an answer but no prompt"),
    ("arena-55k", {"winner_tie": "1"}, "Exactly one of"),
    ("arena-55k", {"response_a": "[null]"}, "one of the models gave no answer"),
    ("arena-55k", {"response_b": '["a", "b"]'}, "different numbers of turns"),
    ("arena-55k", {"response_b": "[broken"}, "not valid JSON"),
    ("arena-140k", {"winner": None}, "The winner is None"),
    ("arena-140k", {"conversation_b": [TURN, PICTURE]}, "ends with an image"),
    ("mt-bench", {"conversation_a": ...}, "conversation_a is missing"),
    ("mt-bench", {"turn": 3}, "The turn is 3"),
    ("mt-bench", {"judge": ...}, "“judge” is missing"),
    ("rewardbench", {"rejected": " "}, "“rejected” is empty"),
    ("rewardbench-2", {"rejected": []}, "at least one chosen and one rejected"),
    ("rewardbench-2", {"rejected": [RIGHT, WRONG]}, "both chosen and rejected"),
    ("rewardbench-2", {"chosen": [""]}, "is empty or not a text"),
    ("alpaca-eval", {"preference": None}, "could not be read"),
    ("alpaca-eval", {"preference": 0}, "it runs from 1 (output 1) to 2"),
    ("alpaca-eval", {"preference": "nan"}, "not a number"),
    ("alpaca-eval", {"output_2": RIGHT}, "the same text"),
    ("alpaca-eval-outputs", {"output": " "}, "“output” is empty"),
    ("alpaca-eval-outputs", {"generator": None}, "“generator” is missing"),
    ("alpaca-eval-outputs", {"instruction": ["Why?"]}, "“instruction” is a list"),
    ("oasst-trees", {"prompt": SKY}, "not a message with replies"),
    ("oasst-trees", {"prompt": {"role": "wizard", "text": "x"}}, "unknown role 'wizard'"),
    (
        "oasst-trees",
        {"prompt": {"role": "prompter", "text": "x", "replies": []}},
        "Nobody ranked two replies",
    ),
    ("oasst-trees", {"prompt": {"role": "prompter"}}, "“text” is missing"),
    ("fine-grained-rlhf", {"preference": [1, 2]}, "four answers make 6 pairs"),
    ("fine-grained-rlhf", {"preference": [1, 2, 3, 1, 2, 0]}, "A preference is 3"),
    ("fine-grained-rlhf", {"prediction 3": ...}, "“prediction 3” is missing"),
    ("fine-grained-rlhf", {"feedback": {"errors": [{"start": 9, "end": 900}]}}, "The end of a mark is 900"),
    ("fine-grained-rlhf", {"feedback": "{broken"}, "not valid JSON"),
    ("fine-grained-rlhf", {"feedback": [1]}, "“feedback” is a list, not an object"),
    ("fine-grained-rlhf", {"feedback": {"errors": [{"start": 9, "end": 9}]}}, "holds no text"),
    ("label-studio", {"data": {"answer1": "a", "answer2": "b"}}, "No column holds the prompt"),
    ("label-studio", {"data": {"prompt": SKY, "answer1": "a"}}, "fewer than two responses"),
    ("label-studio", {"data": {"prompt": SKY, "answer1": "a", "answer2": "a"}}, "the same text"),
    ("label-studio", {"data": None}, "has no data"),
    ("label-studio", {"annotations": []}, "compares the responses"),
    ("label-studio", {"annotations": ["much"]}, "An annotation is not an object"),
    ("label-studio", {"annotations": [{"result": [{"value": "left"}]}]}, "has no value"),
    ("label-studio", pairwise(selected="middle"), "must be left or right"),
    ("label-studio", pairwise(ranker={"good": ["1"], "bad": ["2"]}), "several groups"),
    ("label-studio", pairwise(ranker=["answer1", "answer3"]), "“answer3”, which is none of"),
    ("label-studio", {"data": {"prompt": SKY, "items": [{"id": 1}, {"id": 1}]}}, "the same id"),
    ("label-studio-min", {"comparison": {"selected": "middle"}}, "compares the responses"),
    ("label-studio-min", {"answer1": ""}, "“answer1” is empty"),
    ("argilla", {"responses": []}, "compares the responses"),
    ("argilla", {"responses": ["a"]}, "not by question"),
    ("argilla", {"responses": {"preference": ["response1"]}}, "is not an object"),
    ("argilla", {"responses": {"preference": [{"value": "Sky", "user_id": "u"}]}}, "compares the responses"),
    ("argilla", {"fields": {"prompt": SKY}}, "fewer than two responses"),
    ("argilla-flat", {"ranking.responses.status": ["submitted", "draft"]}, "1 responses and 2 users"),
    ("argilla-flat", {"ranking.responses.status": ["draft"]}, "compares the responses"),
    ("argilla-flat", {"ranking.responses": [["response-1", "response-9"]]}, "“response-9”, which is none"),
    ("argilla-1", {"metadata": "{broken"}, "not valid JSON"),
    ("argilla-1", {"response-2": None}, "“response-2” is missing"),
    ("columns", {"winner": "nobody"}, "The winner is 'nobody'"),
    ("columns", {"winner": ...}, "Choose either the columns"),
    ("columns", {"question": 7}, "“question” is a number, not a text"),
    ("columns", {"answer_1": " "}, "“answer_1” is empty"),
    ("columns", {"answer_2": RIGHT}, "the same text"),
]


@pytest.mark.parametrize(("name", "change", "words"), BAD_ROWS)
def test_a_bad_row_says_why(name: str, change: dict[str, Any], words: str) -> None:
    with pytest.raises(RowError) as caught:
        read(name, changed(name, **change))
    assert words in str(caught.value)


def test_every_format_has_a_bad_row() -> None:
    assert {name for name, _, _ in BAD_ROWS} == set(FORMATS)


ODD_VALUES: list[Any] = [
    None, "", 7, -1.5, True, [], [[]], [None], {}, {"role": {}}, "\x00", "[1", '[{"role": 1}]'
]  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_no_cell_makes_a_reader_fall_over(name: str) -> None:
    """Whatever stands in a field, the row is read or refused with a reason."""
    for field, value in product(FORMATS[name].example, ODD_VALUES):
        ((_, said),) = entries(name, changed(name, **{field: value}))
        assert said, (field, value)


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800"])
def test_characters_that_cannot_be_stored_are_reported(text: str) -> None:
    ((_, said),) = entries("shp", changed("shp", human_ref_A=text))
    assert "stored" in str(said) or "surrogate" in str(said)
    ((_, said),) = entries("alpaca-eval", changed("alpaca-eval", annotator="x" * 300))
    assert "longer than 200" in str(said)
