"""TRL preference rows whose prompts call tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow
from curation.exporters.origin import Origin
from curation.importers.datasets.registry import FORMATS
from tests.curation.export_rows import USER, called, export, lines, row
from tests.curation.test_export_consumers import check
from tests.ml_children import MlChildren

TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


def with_tools(tools: Any) -> TrainingRow:
    origin = Origin(1, prompt={"metadata": {"tools": tools}})
    return row([USER, *called("add", a=2)], origin=origin)


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "file"
    call, result = called("add", a=2)
    call["tool_calls"][0]["id"] = "1"
    turns = [USER | {"name": "kim"}, call, result | {"tool_call_id": "1"}]
    assert export("trl_tools", [row(turns)], path).n_rows == 1
    assert lines(path) == [
        {
            "prompt": [USER, call, result | {"tool_call_id": "1"}],
            "chosen": [{"role": "assistant", "content": "good"}],
            "rejected": [{"role": "assistant", "content": "bad"}],
            "score_chosen": 0.9,
            "score_rejected": pytest.approx(0.1),
            "tools": "null",
        }
    ]


def test_arguments_that_are_json_text_become_objects(tmp_path: Path) -> None:
    path = tmp_path / "file"
    call, result = called("add")
    call["tool_calls"][0]["function"]["arguments"] = '{"a": 2}'
    export("trl_tools", [row([USER, call, result])], path)
    assert lines(path)[0]["prompt"][1:] == called("add", a=2)


@pytest.mark.parametrize("tools", [TOOLS, json.dumps(TOOLS)])
def test_the_tools_that_came_with_the_prompt_are_told(tmp_path: Path, tools: Any) -> None:
    path = tmp_path / "file"
    export("trl_tools", [with_tools(tools)], path)
    assert json.loads(lines(path)[0]["tools"]) == TOOLS


@pytest.mark.parametrize("tools", [None, [], "add", ["add"], {"name": "add"}, 3])
def test_what_is_no_list_of_tools_is_none(tmp_path: Path, tools: Any) -> None:
    path = tmp_path / "file"
    export("trl_tools", [with_tools(tools)], path)
    assert lines(path)[0]["tools"] == "null"


def of_call(call: Any) -> TrainingRow:
    return row([USER, {"role": "assistant", "content": "", "tool_calls": call}, USER])


IMAGE = {"role": "user", "content": [{"type": "image"}]}
LEFT_OUT = [
    (row(), "prompt without tool calls"),
    (row([USER, *called("add"), USER]), ""),
    (of_call([]), "prompt without tool calls"),
    (row([IMAGE, *called("add")]), "prompt has images or other parts"),
    (of_call({"name": "add"}), "tool call of another form"),
    (of_call([{"name": "add"}]), "tool call of another form"),
    (of_call([{"function": {"arguments": {}}}]), "tool call of another form"),
    (of_call([{"function": {"name": "add", "arguments": "{"}}]), "tool call of another form"),
    (of_call([{"function": {"name": "add", "arguments": [2]}}]), "tool call of another form"),
    (row([called("add")[0] | {"role": "user"}]), "tool call of another form"),
    (
        row([USER, called("add")[0], {"role": "assistant", "content": "4"}]),
        "prompt does not end with a turn of the user or a tool",
    ),
    (row([USER, *called("add")], chosen=" "), "empty response"),
    (row([USER, *called("add")], "a", "a"), "identical responses"),
]


@pytest.mark.parametrize(("of", "reason"), LEFT_OUT)
def test_what_is_left_out_is_counted(tmp_path: Path, of: TrainingRow, reason: str) -> None:
    written = export("trl_tools", [of], tmp_path / "file")
    assert (written.n_rows, written.left_out) == ((0, {reason: 1}) if reason else (1, {}))
    assert not reason or reason in {known.reason for known in EXPORTERS["trl_tools"].reasons}


def test_our_own_reader_takes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    export("trl_tools", [with_tools(TOOLS)], path)
    (sample,) = lines(path)
    (record,) = FORMATS["trl-explicit"].read(sample)
    assert record.prompt.messages == [USER, *called("add", a=2)]
    assert json.loads(record.prompt.metadata["tools"]) == TOOLS


def test_datasets_keeps_the_turns_as_they_are(ml: MlChildren, tmp_path: Path) -> None:
    """Arguments differ from call to call, and no null is filled in, also in a file of several blocks."""
    (tmp_path / "files").mkdir()
    turns = [[USER, *called(name, **{name: value})] for name, value in (("add", 2), ("look", "x"))]
    long = "x" * 2_000_000
    rows = [row(turns[n % 2], chosen=f"{long}{n}") for n in range(12)]
    export("trl_tools", rows, tmp_path / "files" / "trl_tools.jsonl")
    found = check(ml, "load", str(tmp_path / "files"))["trl_tools"][""]
    assert found["n"] == 12
    assert found["first"]["prompt"] == turns[0]
    assert found["first"]["tools"] == "null"
