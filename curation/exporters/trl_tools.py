"""TRL's preference type for prompts with tool calls.

Sources: “Tool Calling” in `docs/source/dataset_formats.md` of TRL, whose calls have their arguments as an
object; `DPOTrainer._prepare_dataset` of 1.16, which reads `tools` from JSON text; the JSON reader of
`datasets` 5.2. That takes a column's type from the first 10 MB: after rows of text alone it fails at a tool
call. So such rows have a file of their own, in which every prompt has turns with calls and turns without;
there `datasets` keeps each turn as it is and fills in no nulls, which a chat template would write out.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from curation.exporters.base import About, Rule, Snippet, TrainingRow
from curation.exporters.rules import DIFFERENT, NOT_EMPTY
from curation.exporters.shapes import PairFormat
from curation.exporters.trl import TIES, preference_columns, training_script

NO_TOOLS = "null"  # and not an empty list, for which some chat templates announce tools
OF_TOOL = ("name", "tool_call_id")

NO_CALLS = Rule(
    "prompt without tool calls",
    "Such rows are in the other TRL files. Among these, datasets could not say what type a turn is of.",
    lambda row: not any(_calls(turn) for turn in row.messages),
)
PARTS = Rule(
    "prompt has images or other parts",
    "The format holds text and tool calls: images and sound would be lost.",
    lambda row: not all(isinstance(turn["content"], str) for turn in row.messages),
)
OTHER_CALLS = Rule(
    "tool call of another form",
    "TRL documents an assistant's calls of a function with its name and an object of arguments.",
    lambda row: any(_is_other(turn) for turn in row.messages),
)
ENDS_WHERE_DUE = Rule(
    "prompt does not end with a turn of the user or a tool",
    "The chat template would begin the response in the wrong place.",
    lambda row: row.messages[-1]["role"] not in {"user", "tool"},
)


class TrlTools(PairFormat):
    name: ClassVar[str] = "trl_tools"
    label: ClassVar[str] = "TRL preference, prompts with tool calls"
    trainer: ClassVar[str] = "TRL"
    needs_origin: ClassVar[bool] = True  # the tools are in the prompt's metadata
    rules: tuple[Rule, ...] = (NO_CALLS, PARTS, OTHER_CALLS, ENDS_WHERE_DUE, NOT_EMPTY, DIFFERENT)
    help: ClassVar[str] = (
        "The columns of TRL preference, for the prompts that call tools, and tools: the functions that the "
        "model could call, as JSON text. DPOTrainer takes it as it is."
    )
    notes: ClassVar[tuple[str, ...]] = (
        (
            "The tools are those of the column “tools” that the prompt's file had: JSON schemas, which the "
            "chat template announces. Without one the text is null."
        ),
        (
            "The chat template must write tool calls. One that does not drops them in silence: look at a "
            "row first. datasets 5.2 reads each turn as it is; a release without its type Json may fill in "
            "nulls."
        ),
        TIES,
    )

    def shape(self, row: TrainingRow) -> dict[str, Any]:
        return preference_columns(row, [turn_of(turn) for turn in row.messages]) | {"tools": tools_of(row)}

    def usage(self, about: About) -> tuple[Snippet, ...]:
        return (training_script("DPO", "json", about.file_name(self)),)


def turn_of(turn: dict[str, Any]) -> dict[str, Any]:
    """Role and content, the calls of an assistant's turn, and which call a tool's turn answers."""
    found = {"role": turn["role"], "content": turn["content"]}
    if calls := _calls(turn):
        found["tool_calls"] = [called(call) for call in calls]
    if turn["role"] == "tool":
        found |= {name: turn[name] for name in OF_TOOL if name in turn}
    return found


def called(call: Any) -> dict[str, Any] | None:
    """The call in TRL's form, or None where it names no function or its arguments are no object. OpenAI
    writes them as JSON text, which a chat template would write as a text within a text."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        return None
    arguments = _parsed(function.get("arguments", {}))
    if not isinstance(arguments, dict):
        return None
    known = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
    return {**known, "type": "function", "function": {"name": function["name"], "arguments": arguments}}


def tools_of(row: TrainingRow) -> str:
    """The tools that came with the prompt, as JSON text."""
    metadata = row.origin.prompt.get("metadata", {}) if row.origin else {}
    tools = _parsed(metadata.get("tools"))
    if not isinstance(tools, list) or not tools or not all(isinstance(tool, dict) for tool in tools):
        return NO_TOOLS
    return json.dumps(tools, ensure_ascii=False)


def _calls(turn: dict[str, Any]) -> list[Any]:
    """Anything but a list counts as one call, which is of another form."""
    calls = turn.get("tool_calls", [])
    return calls if isinstance(calls, list) else [None]


def _is_other(turn: dict[str, Any]) -> bool:
    calls = _calls(turn)
    return bool(calls) and (turn["role"] != "assistant" or any(called(call) is None for call in calls))


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
