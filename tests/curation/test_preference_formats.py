"""Every format reads its own example, and says of a bad row what is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.importers.datasets import dialogue, helpsteer, trl
from curation.importers.datasets.record import Comparison, PreferenceRecord
from curation.importers.datasets.registry import FORMATS, recognise
from curation.importers.rows import FileRow, Position
from curation.services.preference_parse import ParsedPreference, ReadOptions, preference_entries
from curation.services.prompt_parse import RowError

RIGHT, WRONG = "Air scatters blue light most.", "It mirrors the sea."
SKY = "Why is the sky blue?"


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """The format's example with other values; `...` takes a field away."""
    row = FORMATS[name].example | changes
    return {field: value for field, value in row.items() if value is not ...}


def read(name: str, row: dict[str, Any]) -> PreferenceRecord:
    (record,) = FORMATS[name].read(row)
    return record


def wins(record: PreferenceRecord, comparison: Comparison) -> str:
    """The text that the comparison prefers, or its outcome."""
    if comparison.preference is None:
        return comparison.outcome
    place = comparison.first if comparison.preference > 0 else comparison.second
    return record.answers[place].text


def entries(name: str, *rows: dict[str, Any]) -> list[tuple[list[int], list[ParsedPreference] | str]]:
    file_rows = [FileRow(line, 1, Position(line, line), row) for line, row in enumerate(rows, start=1)]
    said = preference_entries(file_rows, FORMATS[name], ReadOptions())
    return [([row.line for row in group], what) for group, what in said]


@pytest.mark.parametrize("name", FORMATS)
def test_it_works(name: str) -> None:
    entry = FORMATS[name]
    ((_, said),) = entries(name, entry.example)
    assert isinstance(said, list)
    (parsed,) = said
    assert parsed.prompt.record["source"] == entry.dataset
    assert SKY in parsed.prompt.record["messages"][-1]["content"]
    found = recognise([entry.example])
    assert found is entry
    record = read(name, entry.example)
    for comparison in record.comparisons:
        if RIGHT in {record.answers[comparison.first].text, record.answers[comparison.second].text}:
            assert wins(record, comparison) in {RIGHT, "tie"}
    assert record.comparisons or name in {"trl-unpaired", "helpsteer2"}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_row_as_json_and_back_reads_the_same(name: str) -> None:
    example = FORMATS[name].example
    assert read(name, json.loads(json.dumps(example))) == read(name, example)


def test_what_is_no_preference_data_is_not_recognised() -> None:
    assert recognise([{"prompt": "Hi", "topic": "x"}]) is None
    assert recognise([]) is None
    mostly = [FORMATS["shp"].example] * 2 + [{"broken": 1}]
    assert recognise(mostly) is FORMATS["shp"]
    assert recognise([*mostly, {}, {}]) is None


TURN = {"role": "user", "content": SKY}
LONG = [TURN, {"role": "assistant", "content": "Well."}, {"role": "user", "content": "Go on."}]
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
    ("nectar", {"answers": [{"answer": "a", "rank": 1}]}, "fewer than two answers"),
    ("nectar", {"answers": [{"answer": "a", "rank": 1}, {"answer": "b", "rank": 0}]}, "A rank is 0"),
    ("nectar", {"answers": "[broken"}, "not valid JSON"),
    ("nectar", {"prompt": SKY}, "does not begin with “Human:”"),
    ("shp", {"labels": 2}, "The label is 2"),
    ("shp", {"human_ref_B": ""}, "“human_ref_B” is empty"),
    ("shp", {"score_A": None}, "score_A is 'None'"),
    ("pku-saferlhf", {"better_response_id": -1}, "better_response_id is -1"),
    ("pku-saferlhf", {"safer_response_id": ...}, "safer_response_id is 'None'"),
    ("pku-saferlhf", {"response_1": RIGHT}, "the same text"),
    ("arena-33k", {"winner": "model_c"}, "The winner is 'model_c'"),
    ("arena-33k", {"conversation_b": [*LONG, trl.BAD]}, "earlier answers differ"),
    ("arena-33k", {"conversation_a": [TURN]}, "an answer but no prompt"),
    ("arena-55k", {"winner_tie": "1"}, "Exactly one of"),
    ("arena-55k", {"response_a": "[null]"}, "one of the models gave no answer"),
    ("arena-55k", {"response_b": '["a", "b"]'}, "different numbers of turns"),
    ("arena-55k", {"response_b": "[broken"}, "not valid JSON"),
    ("arena-140k", {"winner": None}, "The winner is None"),
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
    ("fine-grained-rlhf", {"feedback": {"errors": [{"start": 9, "end": 9}]}}, "holds no text"),
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


def test_trl_texts_are_cut_at_a_word() -> None:
    start = "The colour of the sky is b"  # where TRL's own cut would be
    assert trl.implicit_texts(start + "lue.", start + "rown.") == (
        "The colour of the sky is",
        " blue.",
        " brown.",
    )
    assert trl.implicit_texts("Is it? Yes", "Is it? Yes, it is") == ("Is it?", " Yes", " Yes, it is")


words = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4).map(" ".join)


@given(words, words, words)
def test_a_cut_loses_nothing_and_splits_no_word(prompt: str, one: str, other: str) -> None:
    chosen, rejected = f"{prompt} {one}", f"{prompt} {other}"
    if chosen == rejected:
        return
    start, first, second = trl.implicit_texts(chosen, rejected)
    assert (start + first, start + second) == (chosen, rejected)
    assert first[0] == second[0] == " "
    assert first.strip()
    assert second.strip()
    assert start.startswith(prompt) or start in prompt


def test_a_prompt_that_the_dialogues_repeat_is_taken_once() -> None:
    record = read("ultrafeedback-binarized", FORMATS["ultrafeedback-binarized"].example)
    assert record.prompt.messages == [TURN]
    assert [answer.text for answer in record.answers] in ([RIGHT, WRONG], [WRONG, RIGHT])
    (comparison,) = record.comparisons
    better = 8.5 if wins(record, comparison) == record.answers[0].text else 4.0
    assert comparison.ratings["score"][0] == better
    explicit = read("trl-explicit", changed("trl-explicit", chosen=[TURN, trl.GOOD], margin=0.5))
    assert explicit.prompt.messages == [TURN]
    assert explicit.comparisons[0].more == {"margin": 0.5}


def test_sides_do_not_tell_who_won() -> None:
    lefts = [
        read("rewardbench", changed("rewardbench", chosen=f"{number} right", rejected=f"{number} wrong"))
        for number in range(60)
    ]
    chosen_left = sum(wins(record, record.comparisons[0]) == record.answers[0].text for record in lefts)
    assert 15 < chosen_left < 45


def test_several_turns_are_split_at_the_last_answer() -> None:
    start = "\n\nHuman: Hi\n\nAssistant: Hello, Human: you\n\nHuman: Why?"
    row = {"chosen": f"{start}\n\nAssistant: Because.", "rejected": f"{start}\n\nAssistant: No idea."}
    assert read("hh-rlhf", row).prompt.messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello, Human: you"},
        {"role": "user", "content": "Why?"},
    ]
    record = read("trl-implicit", {"chosen": [*LONG, trl.GOOD], "rejected": [*LONG, trl.BAD]})
    assert record.prompt.messages == LONG


said_texts = st.text("ab \n:", min_size=1).map(str.strip).filter(bool)


@given(st.lists(said_texts, min_size=1, max_size=5))
def test_a_dialogue_is_read_as_it_was_written(contents: list[str]) -> None:
    names = ["Human", "Assistant"] * 3
    text = "".join(f"\n\n{name}: {content}" for name, content in zip(names, contents, strict=False))
    assert [turn["content"] for turn in dialogue.dialogue(text, "It")] == contents


def test_rank_one_is_the_best() -> None:
    answers = [{"answer": f"answer {rank}", "model": f"m{rank}", "rank": rank} for rank in (3, 1, 2, 2)]
    answers[3]["answer"] = "another 2"
    record = read("nectar", changed("nectar", answers=answers))
    assert len(record.comparisons) == 6
    said = {
        frozenset((record.answers[c.first].text, record.answers[c.second].text)): wins(record, c)
        for c in record.comparisons
    }
    assert said[frozenset(("answer 1", "answer 3"))] == "answer 1"
    assert said[frozenset(("answer 2", "answer 3"))] == "answer 2"
    assert said[frozenset(("answer 2", "another 2"))] == "tie"


def test_ratings_are_compared_by_what_both_have() -> None:
    def completion(text: str, **ratings: str) -> dict[str, Any]:
        return {"response": text, "annotations": {name: {"Rating": value} for name, value in ratings.items()}}

    completions = [
        completion("a", helpfulness="5", honesty="N/A"),
        completion("b", helpfulness="4", honesty="5"),
        completion("c", helpfulness="4", honesty="5", **{"instruction-following": "1"}),
        {"response": "unrated"},
    ]
    record = read("ultrafeedback", changed("ultrafeedback", completions=completions))
    assert len(record.answers) == 4
    assert [(c.first, c.second, wins(record, c)) for c in record.comparisons] == [
        (0, 1, "a"), (0, 2, "a"), (1, 2, "tie"),
    ]  # fmt: skip
    assert record.comparisons[0].ratings == {"helpfulness": (5, 4)}
    assert record.answers[2].metadata["ratings"]["instruction_following"] == 1


def test_consecutive_rows_of_a_prompt_become_a_pair() -> None:
    rows = [
        changed("helpsteer2"),
        changed("helpsteer2", response=WRONG, helpfulness=0),
        changed("helpsteer2", prompt="Alone?", response="Yes."),
        changed("helpsteer2", prompt="Then?", response="One."),
        changed("helpsteer2", prompt="Then?", response="Two.", helpfulness=9),
        changed("helpsteer2", prompt="Twice?", response="Same."),
        changed("helpsteer2", prompt="Twice?", response="Same."),
    ]
    found = entries("helpsteer2", *rows)
    assert [lines for lines, _ in found] == [[1, 2], [3], [4], [5], [6], [7]]
    pair = found[0][1]
    assert isinstance(pair, list)
    (comparison,) = pair[0].comparisons
    assert (comparison.preference, comparison.ratings["helpfulness"]) == (3, (4, 0))
    for _, alone in (found[1], found[2], found[4]):
        assert isinstance(alone, list)
        assert (len(alone[0].answers), alone[0].comparisons) == (1, ())
    assert ("runs from 0 to 4" in str(found[3][1]), "the same text" in str(found[5][1])) == (True, True)


def test_later_turns_of_helpsteer_are_turns() -> None:
    prompt = "Hi\n<extra_id_1>Assistant\nHello\n<extra_id_1>User\nWhy?\n<extra_id_1>Assistant\n"
    assert [turn["role"] for turn in helpsteer.prompt_turns(prompt)] == ["user", "assistant", "user"]


def test_signs_of_strength_differ_between_the_helpsteers() -> None:
    second = read("helpsteer2-preference", changed("helpsteer2-preference", preference_strength=3))
    assert second.comparisons[0].preference == -3
    people = [{"score": 1, "reasoning": "r"}, {"score": 0}, {"score": -3, "feedback1": "f"}]
    third = read("helpsteer3", changed("helpsteer3", individual_preference=people))
    assert [(c.rater.label, c.outcome, c.preference) for c in third.comparisons] == [
        ("annotator 1 (HelpSteer3)", "preferred", -1),
        ("annotator 2 (HelpSteer3)", "tie", None),
        ("annotator 3 (HelpSteer3)", "preferred", 3),
    ]
    overall = read("helpsteer3", changed("helpsteer3", individual_preference=None, overall_preference=2))
    assert [c.preference for c in overall.comparisons] == [-2]


def test_better_and_safer_are_kept_apart() -> None:
    record = read("pku-saferlhf", changed("pku-saferlhf", better_response_id=0, safer_response_id=1))
    (comparison,) = record.comparisons
    assert (wins(record, comparison), comparison.sides) == (RIGHT, {"safety": "second"})
    assert comparison.each["safe"] == (True, True)


@pytest.mark.parametrize(
    ("winner", "outcome", "preference"),
    [("model_b", "preferred", -2), ("tie", "tie", None), ("tie (bothbad)", "both_bad", None)],
)
def test_arena_outcomes(winner: str, outcome: str, preference: int | None) -> None:
    (comparison,) = read("arena-33k", changed("arena-33k", winner=winner)).comparisons
    assert (comparison.outcome, comparison.preference) == (outcome, preference)
    assert comparison.rater.label == "arena_user_973 (Chatbot Arena)"
    assert comparison.created_at is not None
    assert comparison.created_at.year == 2023


@pytest.mark.parametrize(
    "time",
    [1682351591.0, "2023-04-24T15:53:11", datetime(2023, 4, 24, 15, 53, 11, tzinfo=UTC)],
    ids=["s", "text", "as it is"],
)
def test_times_in_any_form(time: Any) -> None:
    (comparison,) = read("arena-33k", changed("arena-33k", tstamp=time)).comparisons
    assert comparison.created_at == datetime(2023, 4, 24, 15, 53, 11, tzinfo=UTC)
    (unknown,) = read("arena-33k", changed("arena-33k", tstamp="yesterday")).comparisons
    assert unknown.created_at is None


def test_parts_of_one_text_are_that_text() -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": SKY, "image": None}]}]
    said = [*parts, {"role": "assistant", "content": [{"type": "text", "text": RIGHT}]}]
    record = read("arena-140k", changed("arena-140k", conversation_a=said))
    assert record.prompt.messages == [TURN]


def test_probabilities_of_alpaca_eval() -> None:
    (one,) = read("alpaca-eval", changed("alpaca-eval", preference=1.25)).comparisons
    assert (one.probability, one.preference, one.rater.kind) == (0.75, 2, "judge")
    (tie,) = read("alpaca-eval", changed("alpaca-eval", preference=1.5)).comparisons
    assert (tie.probability, tie.outcome) == (0.5, "tie")


def test_each_right_completion_beats_each_wrong_one() -> None:
    row = changed("rewardbench-2", chosen=["r1", "r2"], rejected=["w1"], models=["a", "b", "c"])
    record = read("rewardbench-2", row)
    assert sorted(wins(record, comparison) for comparison in record.comparisons) == ["r1", "r2"]
    assert {answer.text: answer.model for answer in record.answers} == {"r1": "a", "r2": "b", "w1": "c"}


def test_marks_stand_with_the_first_comparison() -> None:
    record = read("fine-grained-rlhf", FORMATS["fine-grained-rlhf"].example)
    first, *rest = record.comparisons
    assert first.marks == (
        [{"start": 3, "end": 18, "type": "factual", "severity": 1, "text": "mirrors the sea"}],
        None,
    )
    assert {comparison.marks for comparison in rest} == {(None, None)}


def test_a_tree_is_a_prompt_for_each_ranked_fork() -> None:
    def message(text: str, role: str, *replies: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"text": text, "role": role, "replies": list(replies), **more}

    deeper = message(
        "And then?",
        "prompter",
        message("First.", "assistant", rank=2),
        message("Second.", "assistant", rank=0),
        message("Deleted.", "assistant", rank=1, deleted=True),
        message("Unranked.", "assistant", rank=None),
    )
    root = message(
        "Hi",
        "prompter",
        message("Hello.", "assistant", deeper, rank=0),
        message("What?", "assistant", message("Why?", "prompter"), rank=1, synthetic=True, model_name="m"),
    )
    first, second = FORMATS["oasst-trees"].read({"message_tree_id": "t", "prompt": root})
    assert [turn["content"] for turn in second.prompt.messages] == ["Hi", "Hello.", "And then?"]
    assert [wins(record, record.comparisons[0]) for record in (first, second)] == ["Hello.", "Second."]
    assert {answer.text: answer.model for answer in first.answers} == {
        "Hello.": "volunteers (Open-Assistant)",
        "What?": "m",
    }
