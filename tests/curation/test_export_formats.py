"""Preference formats: a golden row of each, and what its consumer's own rules make of it.

The readers below follow the consumers' code in words of their own, so that they share no mistake with the
exporters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest

from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow, why_left_out
from tests.curation.export_rows import (
    ABOUT,
    AGAIN,
    SYSTEM,
    USER,
    WITH_SYSTEM,
    export,
    fit_for,
    lines,
    row,
    zipped_lines,
)

GOOD = {"role": "assistant", "content": "good"}
BAD = {"role": "assistant", "content": "bad"}


def alpaca_rows(path: Path) -> list[dict[str, Any]]:
    with ZipFile(path) as zipped, zipped.open("helpfulness-v3-train.parquet") as file:
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def sharegpt_rows(path: Path) -> list[dict[str, Any]]:
    return zipped_lines(path, "helpfulness-v3-train.jsonl")


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "trl_jsonl": lines,
    "trl_weighted": lines,
    "trl_implicit": lines,
    "llama_factory_alpaca": alpaca_rows,
    "llama_factory_sharegpt": sharegpt_rows,
    "axolotl_dpo": lines,
    "openrlhf": lines,
    "ultrafeedback": parquet_rows,
}
PROMPT = [SYSTEM, *AGAIN]
HUMAN = [
    {"from": "system", "value": "Be brief."},
    {"from": "human", "value": "Q"},
    {"from": "gpt", "value": "A"},
    {"from": "human", "value": "And?"},
]
GOLDEN: dict[str, dict[str, Any]] = {
    "trl_jsonl": {
        "prompt": PROMPT,
        "chosen": [GOOD],
        "rejected": [BAD],
        "score_chosen": 0.9,
        "score_rejected": pytest.approx(0.1),
    },
    "trl_weighted": {
        "prompt": PROMPT,
        "chosen": [GOOD],
        "rejected": [BAD],
        "soft_label": 0.9,
        "margin": 0.8,
        "weight": 1.0,
        "block": 0,
    },
    "trl_implicit": {"chosen": [*PROMPT, GOOD], "rejected": [*PROMPT, BAD], "margin": 0.8},
    "llama_factory_alpaca": {
        "instruction": "And?",
        "input": "",
        "system": "Be brief.",
        "history": [["Q", "A"]],
        "chosen": "good",
        "rejected": "bad",
    },
    "llama_factory_sharegpt": {
        "conversations": HUMAN,
        "chosen": {"from": "gpt", "value": "good"},
        "rejected": {"from": "gpt", "value": "bad"},
    },
    "axolotl_dpo": {"messages": PROMPT, "chosen": GOOD, "rejected": BAD},
    "openrlhf": {"prompt": PROMPT, "chosen": [GOOD], "rejected": [BAD], "margin": 0.8},
    "ultrafeedback": {
        "prompt": "Q",
        "prompt_id": "f00d",
        "chosen": [*PROMPT, GOOD],
        "rejected": [*PROMPT, BAD],
        "messages": [*PROMPT, GOOD],
        "score_chosen": 0.9,
        "score_rejected": pytest.approx(0.1),
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_it_works(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    written = export(name, [row(PROMPT, prompt_id="f00d"), row(prompt_id="beef")], path)
    assert (written.n_rows, written.left_out) == (2, {})
    several, single = READERS[name](path)
    assert several == GOLDEN[name]
    assert list(several) == list(single) == list(GOLDEN[name])


@pytest.mark.parametrize("name", GOLDEN)
def test_the_example_is_the_row(name: str) -> None:
    assert json.loads(EXPORTERS[name].example(row(PROMPT, prompt_id="f00d"))) == GOLDEN[name]


TOOL_CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function"}]}
SHARED: list[tuple[TrainingRow, str]] = [
    (row(), ""),
    (row([SYSTEM, USER]), ""),
    (row(AGAIN), ""),
    (row([USER, GOOD]), "prompt does not end with a user turn"),
    (row([{"role": "user", "content": [{"type": "image"}]}]), "prompt is not plain text"),
    (row([USER, TOOL_CALL, {"role": "tool", "content": "5"}]), "prompt is not plain text"),
    (row(chosen=" \n"), "empty response"),
    (row(rejected=""), "empty response"),
    (row(chosen="same", rejected="same"), "identical responses"),
]
ALTERNATING: list[tuple[TrainingRow, str]] = [
    (row([USER, USER]), "turns do not alternate"),
    (row([GOOD, USER]), "turns do not alternate"),
    (row([USER, SYSTEM, USER]), "unsupported role"),
]
OWN: dict[str, list[tuple[TrainingRow, str]]] = {
    "llama_factory_alpaca": [
        *ALTERNATING,
        (row([USER, GOOD, {"role": "tool", "content": "5"}, GOOD, USER]), "unsupported role"),
    ],
    "llama_factory_sharegpt": [
        *ALTERNATING,
        (row([USER, GOOD, {"role": "tool", "content": "5"}, GOOD, USER]), ""),
    ],
    "axolotl_dpo": [
        (row(chosen="same ", rejected="\nsame"), "identical responses"),
        (row(chosen="message"), "response is part of Axolotl's placeholder"),
        (row(rejected="d"), "response is part of Axolotl's placeholder"),
        (row(chosen="D"), ""),
    ],
    "trl_jsonl": [(row([USER, USER]), "")],
}
# A tie stays where the file tells the soft label, or does not say which response was chosen.
TELLS_TIES = frozenset(
    {
        "trl_jsonl",
        "trl_parquet",
        "trl_weighted",
        "trl_tools",
        "ultrafeedback",
        "hub_folder",
        "csv",
        "helpsteer3",
    }
)
CHOOSES_NONE = frozenset({"trl_prompts", "trl_steps"})


@pytest.mark.parametrize("name", EXPORTERS)
def test_a_tie_is_written_where_the_file_says_so(name: str) -> None:
    exporter = EXPORTERS[name]
    tie = fit_for(name, row([SYSTEM, USER] if name in WITH_SYSTEM else [USER], soft_label=0.5))
    stays = name in TELLS_TIES | CHOOSES_NONE
    assert why_left_out(exporter.rules, tie) == ("" if stays else "tie")
    assert why_left_out(exporter.rules, replace(tie, soft_label=0.5000001)) == ""
    if name in TELLS_TIES:
        assert "0.5" in exporter.example(tie)


@pytest.mark.parametrize(
    ("name", "of", "reason"),
    [(name, of, reason) for name in GOLDEN for of, reason in [*SHARED, *OWN.get(name, [])]],
)
def test_what_the_consumer_cannot_use_is_left_out_and_counted(
    tmp_path: Path, name: str, of: TrainingRow, reason: str
) -> None:
    exporter = EXPORTERS[name]
    assert why_left_out(exporter.rules, of) == reason
    written = export(name, [row(), of, of], tmp_path / "file")
    assert (written.n_rows, written.left_out) == ((1, {reason: 2}) if reason else (3, {}))
    assert not reason or reason in {known.reason for known in exporter.reasons}


def llama_factory(entry: dict[str, Any], sample: dict[str, Any]) -> tuple[list[str], str, list[str]]:
    """Prompt texts, system text and the two responses as its converters read them; raises if they skip it."""
    columns = entry["columns"]
    if entry.get("formatting") != "sharegpt":
        turns = [text for pair in sample[columns["history"]] for text in pair]
        asked = [sample[columns[key]] for key in ("prompt", "query") if sample[columns[key]]]
        both = [sample[columns["chosen"]], sample[columns["rejected"]]]
        return [*turns, "\n".join(asked)], sample[columns["system"]], both
    messages = list(sample[columns["messages"]])
    system = messages.pop(0)["value"] if messages[0]["from"] == "system" else ""
    for place, message in enumerate(messages):
        assert message["from"] in [("human", "observation"), ("gpt", "function_call")][place % 2]
    assert len(messages) % 2 == (1 if entry.get("ranking") else 0)
    texts = [message["value"] for message in messages]
    if not entry.get("ranking"):
        assert isinstance(sample[columns["kto_tag"]], bool)
        return texts[:-1], system, texts[-1:]
    both = [sample[columns[key]] for key in ("chosen", "rejected")]
    assert all(turn["from"] == "gpt" for turn in both)
    return texts, system, [turn["value"] for turn in both]


@pytest.mark.parametrize("name", ["llama_factory_alpaca", "llama_factory_sharegpt"])
def test_llama_factory_finds_its_columns(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.zip"
    export(name, [row(PROMPT), row()], path)
    with ZipFile(path) as zipped:
        names = zipped.namelist()
        dates = {info.date_time for info in zipped.infolist()}
        info = json.loads(zipped.read("dataset_info.json"))
    (entry,) = info.values()
    assert list(info) == ["helpfulness-v3-train"]
    assert names == ["dataset_info.json", entry["file_name"]]
    assert dates == {(1980, 1, 1, 0, 0, 0)}
    assert entry["ranking"] is True
    several, single = READERS[name](path)
    assert llama_factory(entry, several) == (["Q", "A", "And?"], "Be brief.", ["good", "bad"])
    assert llama_factory(entry, single) == (["Q"], "", ["good", "bad"])


def chat(messages: list[dict[str, str]], *, trim: bool = False) -> str:
    return "".join(
        f"<{turn['role']}>{turn['content'].strip() if trim else turn['content']}</>\n" for turn in messages
    )


def axolotl(sample: dict[str, Any], side: str, *, trim: bool) -> str:
    """The text that `chat_template.default` would train on."""
    turn = sample[side]
    rendered = chat([{"role": "user", "content": "[[dummy_message]]"}, turn], trim=trim)
    return rendered[rendered.find(turn["content"]) :].rstrip()


@pytest.mark.parametrize("trim", [False, True])
def test_axolotl_finds_the_response_it_rendered(tmp_path: Path, trim: bool) -> None:
    path = tmp_path / "file.jsonl"
    export("axolotl_dpo", [row(chosen="  good\n", rejected="\tbad ")], path)
    (sample,) = lines(path)
    assert axolotl(sample, "chosen", trim=trim) == "good</>"
    assert axolotl(sample, "rejected", trim=trim) == "bad</>"
    raw = {"chosen": {"role": "assistant", "content": "  good\n"}}
    assert axolotl(raw, "chosen", trim=True) == "", "the trap that the export avoids"


def test_openrlhf_cuts_the_prompt_off_the_conversation(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    export("openrlhf", [row(PROMPT)], path)
    (sample,) = lines(path)
    prompt = chat(sample["prompt"])
    for side, text in (("chosen", "good"), ("rejected", "bad")):
        whole = chat(sample["prompt"] + sample[side])
        assert whole.startswith(prompt)
        assert whole[len(prompt) :] == f"<assistant>{text}</>\n"
    assert isinstance(sample["margin"], float)


def test_ultrafeedback_has_the_types_of_the_card(tmp_path: Path) -> None:
    path = tmp_path / "file.parquet"
    export("ultrafeedback", [row(PROMPT)], path)
    schema = pq.read_schema(path)
    types = {name: str(schema.field(name).type) for name in schema.names}
    assert [types[name] for name in ("prompt", "prompt_id")] == ["string", "string"]
    assert types["score_chosen"] == types["score_rejected"] == "double"
    messages = {types[name] for name in ("chosen", "rejected", "messages")}
    assert messages == {"list<element: struct<content: string, role: string>>"}


@pytest.mark.parametrize("name", EXPORTERS)
def test_the_configuration_names_the_file(name: str) -> None:
    exporter = EXPORTERS[name]
    text = "\n".join(snippet.text for snippet in exporter.usage(ABOUT))
    file = ABOUT.file_name(exporter)
    assert file == f"helpfulness-v3-train-{name}.{exporter.suffix}"
    assert file.removesuffix(".zip") in text
