"""Tables of any column names are read by a mapping, or refused row by row."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import CurationError
from curation.forms.columns import ColumnsForm
from curation.importers.datasets.column_guess import guess_columns
from curation.importers.datasets.columns import ColumnMapping, ColumnReader
from curation.importers.datasets.record import PreferenceRecord
from curation.importers.datasets.registry import recognise
from curation.services.preference_parse import ReadOptions
from curation.services.prompt_parse import RowError

CHOSEN = {"prompt": "p", "chosen": "good", "rejected": "bad"}
TWO = {"prompt": "p", "response_a": "one", "response_b": "two", "winner": "w"}
PAIR = {"p": "Why?", "good": "Right.", "bad": "Wrong."}
VOTE = {"p": "Why?", "one": "Right.", "two": "Wrong.", "w": "one"}


def read(row: dict[str, Any], mapping: dict[str, str]) -> PreferenceRecord:
    (record,) = ColumnReader(ColumnMapping.of(mapping)).read(row)
    return record


def verdict(record: PreferenceRecord) -> tuple[str, int | None]:
    """The text that is preferred and by how much, or the outcome."""
    (said,) = record.comparisons
    if said.preference is None:
        return said.outcome, None
    return record.answers[0 if said.preference > 0 else 1].text, abs(said.preference)


def test_it_works() -> None:
    row = VOTE | {
        "who": "anna", "ma": "m1", "mb": "m2", "s": "3", "m": "0.5", "why": "It names the cause.", "c": "sky",
        "fold": "test", "from": "blog", "lang": "en", "lic": "MIT", "sys": "Be short.", "id": 7,
    }  # fmt: skip
    more = {
        "rater": "who", "model_a": "ma", "model_b": "mb", "strength": "s", "margin": "m", "rationale": "why",
        "category": "c", "split": "fold", "source": "from", "language": "lang", "licence": "lic",
        "system": "sys",
    }  # fmt: skip
    record = read(row, TWO | more)
    assert record.prompt.messages == [
        {"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}
    ]  # fmt: skip
    text = record.prompt
    assert (text.category, text.split, text.source, text.language, text.licence) == (
        "sky", "test", "blog", "en", "MIT"
    )  # fmt: skip
    assert text.metadata == {"id": 7}
    assert [(answer.text, answer.model) for answer in record.answers] == [("Right.", "m1"), ("Wrong.", "m2")]
    (said,) = record.comparisons
    assert (said.preference, said.rationale, said.more) == (3, "It names the cause.", {"margin": 0.5})
    assert (said.rater.label, said.rater.kind) == ("anna", "person")


@pytest.mark.parametrize("strength", ["", 1, "much better"])
def test_chosen_and_rejected(strength: Any) -> None:
    mapping = CHOSEN | {"model_a": "mc", "model_b": "mr", "strength": "s", "raters_are": "judge"}
    record = read(PAIR | {"mc": "m1", "mr": "m2", "s": strength}, mapping)
    assert verdict(record) == ("Right.", {"": 2, 1: 1, "much better": 3}[strength])
    assert {answer.text: answer.model for answer in record.answers} == {"Right.": "m1", "Wrong.": "m2"}
    assert record.comparisons[0].rater.kind == "judge"
    turned = read({"p": "Why?", "good": "Wrong.", "bad": "Right."}, CHOSEN)
    # The sides follow the texts, not who won.
    assert [answer.text for answer in turned.answers] == [answer.text for answer in record.answers]


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ("one", {}, "Right."),
        ("TWO", {}, "Wrong."),
        ("B", {}, "Wrong."),
        ("left", {}, "Right."),
        ("response 2", {}, "Wrong."),
        ("Tie", {}, "tie"),
        ("both bad", {}, "both_bad"),
        ("gpt", {"model_a": "ma", "model_b": "mb"}, "Wrong."),
        (1, {"means_a": "0", "means_b": "1"}, "Wrong."),
        (0.0, {"means_a": "0", "means_b": "1"}, "Right."),
        (True, {"means_a": "TRUE", "means_b": "false"}, "Right."),
        ("-1", {"means_a": "1", "means_b": "-1", "means_tie": "0"}, "Wrong."),
        (0, {"means_a": "1", "means_b": "-1", "means_tie": "0"}, "tie"),
        ("tie", {"means_a": "1", "means_b": "2"}, "tie"),
        ("x", {"means_a": "a, x", "means_both_bad": "none"}, "Right."),
        ("none", {"means_a": "a, x", "means_both_bad": "none"}, "both_bad"),
    ],
)
def test_winners(value: Any, mapping: dict[str, str], expected: str) -> None:
    record = read(VOTE | {"w": value, "ma": "llama", "mb": "gpt"}, TWO | mapping)
    assert verdict(record)[0] == expected


@pytest.mark.parametrize(
    ("change", "mapping", "words"),
    [
        ({"w": "nobody"}, {}, "The winner is 'nobody', and the mapping does not say"),
        ({"w": 1}, {}, "The winner is '1'"),
        ({"w": "3"}, {"means_a": "1", "means_b": "2"}, "The winner is '3'"),
        ({"w": "B"}, {"means_a": "B"}, ""),
        ({"w": "A"}, {"means_a": "B"}, "The winner is 'A'"),
        ({"w": ""}, {}, "The winner is missing"),
        ({"w": math.nan}, {}, "The winner is missing"),
        ({"w": ["one"]}, {}, "“w” is a list, not a text"),
        ({"w": "A", "ma": "B", "mb": "A"}, {"model_a": "ma", "model_b": "mb"}, "the other's model"),
        ({"w": "!"}, {}, "The winner is '!'"),
        ({"p": ""}, {}, "“p” is missing or empty"),
        ({"p": 7}, {}, "“p” is a number, not a text"),
        ({"one": None}, {}, "“one” is missing, not a text"),
        ({"one": " "}, {}, "“one” is empty"),
        ({"two": 4.5}, {}, "“two” is a number, not a text"),
        ({"two": "Right."}, {}, "the same text"),
        ({"s": 4}, {"strength": "s"}, "it runs from 1 to 3"),
        ({"s": "wild"}, {"strength": "s"}, "not a number"),
        ({"m": "wide"}, {"margin": "m"}, "The margin is 'wide'"),
        ({"ma": {}}, {"model_a": "ma"}, "“ma” is an object"),
    ],
)
def test_bad_rows_say_why(change: dict[str, Any], mapping: dict[str, str], words: str) -> None:
    row = VOTE | change
    if not words:
        assert verdict(read(row, TWO | mapping))[0] == "Right."
        return
    with pytest.raises(RowError) as caught:
        read(row, TWO | mapping)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({}, "Choose the column that holds the prompt"),
        ({"prompt": "p"}, "Choose either"),
        ({"prompt": "p", "chosen": "good"}, "Choose either"),
        (CHOSEN | {"response_a": "one"}, "Choose either"),
        (CHOSEN | {"winner": "w"}, "Choose either"),
        ({"prompt": "p", "response_a": "one", "response_b": "two"}, "Choose either"),
        (CHOSEN | {"rejected": "good"}, "“good” is chosen twice, as chosen and as rejected"),
        (TWO | {"rater": "p"}, "“p” is chosen twice, as prompt and as rater"),
        (TWO | {"means_a": "x, Y", "means_tie": "y"}, "“y” is given two meanings"),
        (TWO | {"colour": "c"}, "knows no “colour”"),
        (TWO | {"kind": "image"}, "text or messages"),
        (TWO | {"raters_are": "cats"}, "person or judge"),
    ],
)
def test_bad_mappings_say_why(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(CurationError) as caught:
        ColumnMapping.of(mapping)
    assert words in str(caught.value)


def test_chat_messages() -> None:
    turn = {"role": "user", "content": "Why?"}
    row = {"p": [turn], "good": [{"role": "assistant", "content": "Right."}], "bad": "Wrong."}
    record = read(row, CHOSEN | {"kind": "messages"})
    assert (record.prompt.messages, verdict(record)) == ([turn], ("Right.", 2))
    in_csv = row | {"p": json.dumps(row["p"]), "good": json.dumps(row["good"])}
    assert read(in_csv, CHOSEN | {"kind": "messages"}) == record
    with pytest.raises(RowError, match="holds 2 turns"):
        read(row | {"bad": [turn, turn]}, CHOSEN | {"kind": "messages"})
    with pytest.raises(RowError, match="“good” is a list, not a text"):
        read(row | {"p": "Why?"}, CHOSEN)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            [{"question": "", "good": "", "bad": ""}],
            {"prompt": "question", "chosen": "good", "rejected": "bad"},
        ),
        (
            [{"Q": "", "Answer 1": "", "Answer 2": "", "winner": value} for value in ("1", "2", "tie")],
            {"prompt": "Q", "response_a": "Answer 1", "response_b": "Answer 2", "winner": "winner",
             "means_a": "1", "means_b": "2"},
        ),
        (
            [{"prompt": "", "response_0": "", "response_1": "", "preference": 1}],
            {"prompt": "prompt", "response_a": "response_0", "response_b": "response_1",
             "winner": "preference", "means_a": "0", "means_b": "1"},
        ),
        (  # a 0 beside 1 and 2 may be a tie, and a scale may run to 5: people say what they mean
            [{"prompt": "", "textA": "", "textB": "", "label": value} for value in (0, 1, 2)],
            {"prompt": "prompt", "response_a": "textA", "response_b": "textB", "winner": "label"},
        ),
        (
            [{"prompt": "", "left": "", "right": "", "left_answer": "", "right_answer": "", "vote": "left",
              "model_left": "", "model_right": "", "judge": ""}],
            {"prompt": "prompt", "response_a": "left_answer", "response_b": "right_answer", "winner": "vote",
             "model_a": "model_left", "model_b": "model_right", "rater": "judge", "raters_are": "judge"},
        ),
        ([{"Frage": "", "gut": "", "schlecht": ""}], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_guessing_the_columns(rows: list[dict[str, Any]], expected: dict[str, str]) -> None:
    guess = guess_columns(rows)
    assert guess == expected | ({"kind": "text"} if "prompt" in expected else {})


def test_what_is_named_goes_before_the_guess() -> None:
    row = {"prompt": "", "ask": "", "chosen": "", "rejected": "", "answer_a": "", "answer_b": "", "w": ""}
    assert guess_columns([row])["chosen"] == "chosen"
    assert guess_columns([row], {"prompt": "ask", "winner": "w"}) == {
        "prompt": "ask", "winner": "w", "response_a": "answer_a", "response_b": "answer_b", "kind": "text"
    }  # fmt: skip
    named = {"prompt": "ask", "chosen": "answer_a", "rejected": "answer_b"}
    assert guess_columns([row], named) == named | {"kind": "text"}


def test_prompts_of_other_names_are_not_cut_out_of_the_texts() -> None:
    """Orca's pairs: `question`, `chosen` and `rejected`, which begin alike where the answers do."""
    row = {"system": "Be brief.", "question": "Why?", "chosen": "It is so.", "rejected": "It is not."}
    found = recognise([row])
    assert found is not None
    assert found.name == "columns"
    (record,) = found.read(row)
    assert [turn["content"] for turn in record.prompt.messages] == ["Be brief.", "Why?"]
    assert {answer.text for answer in record.answers} == {"It is so.", "It is not."}


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(names, min_size=5, max_size=5, unique=True), st.sampled_from("abt"), st.booleans())
def test_any_column_names_work(columns: list[str], said: str, is_two: bool) -> None:
    """Through the form and back, whatever the columns are called."""
    prompt, one, two, winner, other = columns
    row = {prompt: "Why?", one: "First.", two: "Second.", winner: said, other: "kept"}
    roles = ("response_a", "response_b") if is_two else ("chosen", "rejected")
    mapping = {
        "prompt": prompt,
        **dict(zip(roles, (one, two), strict=True)),
        "kind": "text",
        "raters_are": "person",
    }
    if is_two:
        mapping |= {"winner": winner, "means_a": "a", "means_b": "b", "means_tie": "t"}
    options = ReadOptions(source="file", columns=mapping)
    form = ColumnsForm(ColumnsForm.data_of(options), columns=columns)
    assert form.is_valid(), form.errors
    assert form.options() == options
    record = read(row, dict(form.options().columns))
    expected = {"a": "First.", "b": "Second.", "t": "tie"}[said] if is_two else "First."
    assert verdict(record)[0] == expected
    left_over = {other: "kept"} if is_two else {winner: said, other: "kept"}
    assert record.prompt.metadata == left_over
