"""Axolotl's types with columns of their own: a golden row of each, and the text that Axolotl makes of it.

The reader follows Axolotl's strategies in words of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation.exporters import EXPORTERS
from curation.exporters.base import Tokens, TrainingRow, why_left_out
from curation.exporters.lengths import within
from tests.curation.export_rows import (
    ABOUT,
    AGAIN,
    SYSTEM,
    USER,
    WITH_SYSTEM,
    WITHOUT_SYSTEM,
    export,
    lines,
    row,
)

GOOD = {"role": "assistant", "content": "good"}
BAD = {"role": "assistant", "content": "bad"}
TEXTS = {"chosen": "good", "rejected": "bad"}
# With a system turn, or without where the type has no place for one.
GOLDEN: dict[str, dict[str, Any]] = {
    "axolotl_argilla": {
        "system": "Be brief.", "instruction": "Q", "chosen_response": "good", "rejected_response": "bad"
    },
    "axolotl_icr": {"system": "Be brief.", "input": "Q", **TEXTS},
    "axolotl_intel": {"system": "Be brief.", "question": "Q", **TEXTS},
    "axolotl_prompt_pairs": {"system": "Be brief.", "prompt": "Q", **TEXTS},
    "axolotl_ultra": {
        "system": "Be brief.", "prompt": "Q", "chosen": [USER, GOOD], "rejected": [USER, BAD]
    },
    "axolotl_argilla_chat": {"chosen": [USER, GOOD], "rejected": [USER, BAD]},
    "axolotl_user": {"prompt": "Q", **TEXTS},
    "axolotl_user_system": {"system": "Be brief.", "prompt": "Q", **TEXTS},
}  # fmt: skip
KTO: dict[str, dict[str, Any]] = {
    "axolotl_kto_argilla": {"system": "Be brief.", "instruction": "Q", "completion": "good", "label": True},
    "axolotl_kto_intel": {"system": "Be brief.", "question": "Q", "completion": "good", "label": True},
    "axolotl_kto_prompt_pairs": {"system": "Be brief.", "prompt": "Q", "completion": "good", "label": True},
    "axolotl_kto_argilla_chat": {"completion": [USER, GOOD], "label": True},
}
# Formats that take prompts of one user turn alone.
ONE_TURN = frozenset({*GOLDEN, *KTO, "axolotl_kto", "axolotl_kto_system"})
ASKED = {"argilla": "instruction", "icr": "input", "intel": "question"}


def prompt_of(name: str) -> list[dict[str, Any]]:
    return [USER] if name in WITHOUT_SYSTEM else [SYSTEM, USER]


def configured(name: str) -> tuple[str, Any]:
    (snippet,) = EXPORTERS[name].usage(ABOUT)
    config = yaml.safe_load(snippet.text)
    (entry,) = config["datasets"]
    return config["rl"], entry["type"]


def user(text: str, system: str = "") -> str:
    before = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    return f"{before}<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def chatml(strategy: str, sample: dict[str, Any], sides: tuple[str, ...]) -> tuple[str, list[str]]:
    """The prompt and the responses that are trained on."""
    if strategy == "argilla_chat":
        asked = user(sample[sides[0]][0]["content"])
    else:
        asked = user(sample[ASKED.get(strategy, "prompt")], sample.get("system", ""))
    in_turns = strategy in {"argilla_chat", "ultra"}
    texts = [sample[side][1]["content"] if in_turns else sample[side] for side in sides]
    return asked, [f"{text}<|im_end|>" for text in texts]


def user_defined(type_: dict[str, str], sample: dict[str, Any]) -> tuple[str, list[str]]:
    words = {"prompt": sample[type_["field_prompt"]]}
    if "{system}" in type_["prompt_format"]:
        words["system"] = sample.get(type_["field_system"]) or ""
    texts = [
        type_[f"{side}_format"].format(**{side: sample[type_[f"field_{side}"]]})
        for side in ("chosen", "rejected")
    ]
    return type_["prompt_format"].format(**words), texts


def trained_on(name: str, sample: dict[str, Any]) -> tuple[str, list[str]]:
    rl, type_ = configured(name)
    if isinstance(type_, dict):
        return user_defined(type_, sample)
    markup, _, strategy = type_.partition(".")
    assert markup == "chatml"
    if rl == "kto":
        return chatml(strategy, sample, ("completion",))
    sides = ("chosen_response", "rejected_response") if strategy == "argilla" else ("chosen", "rejected")
    return chatml(strategy, sample, sides)


@pytest.mark.parametrize("name", GOLDEN)
def test_it_works(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.jsonl"
    made = row(prompt_of(name))
    written = export(name, [made], path)
    assert (written.n_rows, written.left_out) == (1, {})
    (sample,) = lines(path)
    assert sample == GOLDEN[name] == json.loads(EXPORTERS[name].example(made))
    assert list(sample) == list(GOLDEN[name])
    system = "" if name in WITHOUT_SYSTEM else "Be brief."
    assert trained_on(name, sample) == (user("Q", system), ["good<|im_end|>", "bad<|im_end|>"])
    assert configured(name)[0] == "dpo"


@pytest.mark.parametrize("name", KTO)
def test_kto(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.jsonl"
    export(name, [row(prompt_of(name))], path)
    (good,) = [sample for sample in lines(path) if sample["label"]]
    assert good == KTO[name]
    assert list(good) == list(KTO[name])
    system = "" if name in WITHOUT_SYSTEM else "Be brief."
    found = {trained_on(name, sample)[0]: trained_on(name, sample)[1] for sample in lines(path)}
    assert list(found) == [user("Q", system)]
    assert {trained_on(name, sample)[1][0]: sample["label"] for sample in lines(path)} == {
        "good<|im_end|>": True,
        "bad<|im_end|>": False,
    }
    assert configured(name)[0] == "kto"


@pytest.mark.parametrize("name", sorted({*GOLDEN, *KTO} - WITH_SYSTEM - WITHOUT_SYSTEM))
def test_a_prompt_without_a_system_turn_has_an_empty_one_in_the_file(tmp_path: Path, name: str) -> None:
    """So that every row has the same columns; the strategies take an empty one for none."""
    path = tmp_path / "file.jsonl"
    export(name, [row([USER])], path)
    for sample in lines(path):
        assert sample["system"] == ""
        assert trained_on(name, sample)[0] == user("Q")


def test_whole_conversations_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    export("axolotl_dpo_argilla_chat", [row([SYSTEM, *AGAIN], "  good\n", "\tbad ")], path)
    assert lines(path) == [{"chosen": [SYSTEM, *AGAIN, GOOD], "rejected": [SYSTEM, *AGAIN, BAD]}]
    assert configured("axolotl_dpo_argilla_chat") == ("dpo", "chat_template.argilla_chat")


LEFT_OUT: list[tuple[str, TrainingRow, str]] = [
    *((name, row(AGAIN), "prompt has more than one turn") for name in (*GOLDEN, *KTO)),
    *((name, row(prompt_of(name), soft_label=0.5), "tie") for name in (*GOLDEN, *KTO)),
    *((name, row(prompt_of(name), rejected=""), "empty response") for name in (*GOLDEN, *KTO)),
    *(
        (name, row([SYSTEM, USER]), "prompt has a system turn")
        for name in sorted(WITHOUT_SYSTEM - {"helpsteer2"})
    ),
    *((name, row([USER]), "prompt has no system turn") for name in sorted(WITH_SYSTEM)),
    ("axolotl_dpo_argilla_chat", row(chosen="message"), "response is part of Axolotl's placeholder"),
]


@pytest.mark.parametrize(("name", "of", "reason"), LEFT_OUT)
def test_what_axolotl_would_misread_is_left_out(name: str, of: TrainingRow, reason: str) -> None:
    exporter = EXPORTERS[name]
    assert why_left_out(exporter.rules, of) == reason
    assert reason in {known.reason for known in exporter.reasons}


@pytest.mark.parametrize("name", [*GOLDEN, "axolotl_dpo_argilla_chat"])
def test_what_is_longer_is_left_out(name: str) -> None:
    of = row(prompt_of(name), tokens=Tokens(12, 10, 101, 50))
    assert why_left_out(within(EXPORTERS[name], 100).rules, of) == "longer than max length"
    assert why_left_out(within(EXPORTERS[name], 101).rules, of) == ""
