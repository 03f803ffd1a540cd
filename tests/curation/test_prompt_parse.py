"""One prompt has one fingerprint, however its row is written."""

from __future__ import annotations

import json
import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.importers.guess import guess_mapping
from curation.services.prompt_parse import FieldMapping, RowError, is_storable, prompt_parse, storable_json

TEXT = FieldMapping(prompt="prompt")
MESSAGES = FieldMapping(prompt="messages", kind="messages")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1).filter(
    str.strip
)
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": texts}
)
conversations = st.lists(turns, max_size=4).map(lambda head: [*head, {"role": "user", "content": "And?"}])
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def fingerprint(row: dict[str, object], mapping: FieldMapping) -> str:
    value: str = prompt_parse(row, mapping).record["fingerprint"]
    return value


@given(texts)
def test_a_text_is_one_user_turn(text: str) -> None:
    turn = [{"role": "user", "content": text}]
    assert fingerprint({"prompt": text}, TEXT) == fingerprint({"messages": turn}, MESSAGES)


@given(conversations)
def test_shape_unicode_form_and_outer_space_do_not_matter(messages: list[dict[str, str]]) -> None:
    expected = fingerprint({"messages": messages}, MESSAGES)
    names = {"user": "human", "assistant": "gpt"}
    variants = [
        json.dumps(messages),
        [{"from": names.get(turn["role"], turn["role"]), "value": turn["content"]} for turn in messages],
        [{**turn, "content": f" {unicodedata.normalize('NFD', turn['content'])}\n"} for turn in messages],
        [{**turn, "name": None} for turn in messages],
    ]
    for variant in variants:
        assert fingerprint({"messages": variant, "id": 1}, MESSAGES) == expected


@pytest.mark.parametrize("content", [None, ""])
def test_a_tool_call_needs_no_words(content: str | None) -> None:
    call = {"role": "assistant", "content": content, "tool_calls": [{"function": {"name": "look"}}]}
    messages = [{"role": "user", "content": "What is here?"}, call, {"role": "tool", "content": "A cat."}]
    parsed = prompt_parse({"messages": messages}, MESSAGES).record["messages"]
    assert parsed == [messages[0], {**call, "content": ""}, messages[2]]
    assert prompt_parse({"messages": parsed}, MESSAGES).record["messages"] == parsed


@given(conversations)
def test_what_is_parsed_is_kept_as_written(messages: list[dict[str, str]]) -> None:
    parsed = prompt_parse({"messages": messages}, MESSAGES)
    assert json.loads(parsed.messages) == messages


@given(st.text() | st.text(st.characters(categories=["Cs", "Cc", "Lu"])))
def test_a_text_is_storable_exactly_where_its_json_is(text: str) -> None:
    try:
        storable_json([text])
    except RowError:
        assert not is_storable(text)
    else:
        assert is_storable(text)


@given(json_values)
def test_any_value_is_a_prompt_or_a_row_error(value: object) -> None:
    for mapping in (TEXT, MESSAGES):
        with suppress(RowError):
            prompt_parse({"prompt": value, "messages": value, "other": value}, mapping)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"prompt_id": "1", "prompt": "Hi", "dataset": "x"}, FieldMapping(prompt="prompt", source="dataset")),
        (
            {"id": 1, "conversations": [{"from": "human"}]},
            FieldMapping(prompt="conversations", kind="messages"),
        ),
        ({"messages": '[{"role": "user"}]'}, FieldMapping(prompt="messages", kind="messages")),
        ({"Frage": "Was ist das?", "id": "7"}, FieldMapping(prompt="Frage")),
        ({"Prompt": "Hi", "LICENSE": "mit"}, FieldMapping(prompt="Prompt", licence="LICENSE")),
    ],
)
def test_guessing_the_mapping(row: dict[str, object], expected: FieldMapping) -> None:
    assert guess_mapping([row]) == expected


def test_no_rows_give_no_guess() -> None:
    assert guess_mapping([]) == FieldMapping(prompt="")
