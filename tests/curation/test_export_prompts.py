"""TRL's prompt-only and prompt-completion types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.exporters import EXPORTERS
from curation.exporters.base import Tokens, TrainingRow, why_left_out
from curation.exporters.lengths import within
from tests.curation.export_rows import AGAIN, SYSTEM, USER, export, lines, row

PROMPT = [SYSTEM, *AGAIN]
NAMES = ["trl_prompts", "trl_completions"]
GOLDEN: dict[str, dict[str, Any]] = {
    "trl_prompts": {"prompt": PROMPT},
    "trl_completions": {"prompt": PROMPT, "completion": [{"role": "assistant", "content": "good"}]},
}


def is_conversational(messages: Any) -> bool:
    """As TRL asks of a value: a list of turns with role and content."""
    return bool(messages) and all(set(turn) == {"role", "content"} for turn in messages)


@pytest.mark.parametrize("name", NAMES)
def test_it_works(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.jsonl"
    written = export(name, [row(PROMPT, prompt_id="1"), row(prompt_id="2")], path)
    assert (written.n_rows, written.left_out) == (2, {})
    found = lines(path)
    assert found[0] == GOLDEN[name] == json.loads(EXPORTERS[name].example(row(PROMPT)))
    for sample in found:
        assert list(sample) == list(GOLDEN[name])
        assert all(is_conversational(value) for value in sample.values())
        assert sample["prompt"][-1]["role"] == "user"
        assert [turn["role"] for turn in sample.get("completion", [])] in ([], ["assistant"])


def test_a_prompt_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    rows = [row(None, f"a{n}", f"b{n}", prompt_id=str(n // 3)) for n in range(5)]
    written = export("trl_prompts", rows, path)
    assert (written.n_rows, written.left_out) == (2, {"prompt already in the file": 3})


def test_a_tie_still_has_a_prompt(tmp_path: Path) -> None:
    ties = [row(chosen="same", rejected="same"), row(chosen="", rejected="", soft_label=0.5)]
    assert [why_left_out(EXPORTERS["trl_prompts"].rules, tie) for tie in ties] == ["", ""]


def test_only_responses_that_never_lost_are_completions(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    pairs = [("a", "b"), ("a", "c"), ("b", "c"), ("d", "b")]  # b lost to a and to d; c to a and to b
    rows = [row(None, won, lost, prompt_id="1") for won, lost in pairs]
    written = export("trl_completions", [*rows, row(AGAIN, "b", "a", prompt_id="2")], path)
    assert [sample["completion"][0]["content"] for sample in lines(path)] == ["a", "d", "b"]
    assert written.left_out == {"response already in the file": 1, "response both chosen and rejected": 1}


def test_pairs_that_were_left_out_say_nothing_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    rows = [row(None, "b", "a", soft_label=0.5), row(None, "a", "b"), row(None, "", "a")]
    written = export("trl_completions", rows, path)
    assert [sample["completion"][0]["content"] for sample in lines(path)] == ["a"]
    assert written.left_out == {"tie": 1, "empty response": 1}


TOOL_CALL = {"role": "assistant", "content": "", "tool_calls": [{"type": "function"}]}
LEFT_OUT: list[tuple[str, TrainingRow, str]] = [
    ("trl_prompts", row([USER, TOOL_CALL, {"role": "tool", "content": "5"}]), "prompt is not plain text"),
    ("trl_prompts", row([USER, AGAIN[1]]), "prompt does not end with a user turn"),
    ("trl_completions", row([{"role": "user", "content": [{"type": "image"}]}]), "prompt is not plain text"),
    ("trl_completions", row([USER, AGAIN[1]]), "prompt does not end with a user turn"),
    ("trl_completions", row(chosen=" \n"), "empty response"),
    ("trl_completions", row(rejected=""), ""),
    ("trl_completions", row(soft_label=0.5), "tie"),
    ("trl_completions", row(chosen="same", rejected="same"), "response both chosen and rejected"),
]


@pytest.mark.parametrize(("name", "of", "reason"), LEFT_OUT)
def test_what_is_left_out_is_counted(tmp_path: Path, name: str, of: TrainingRow, reason: str) -> None:
    written = export(name, [row(prompt_id="1"), of], tmp_path / "file")
    assert (written.n_rows, written.left_out) == ((1, {reason: 1}) if reason else (2, {}))
    assert not reason or reason in {known.reason for known in EXPORTERS[name].reasons}


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        (Tokens(99, 99, 120, 120), ""),
        (Tokens(110, 100, 120, 120), "prompt fills max length"),
        (Tokens(), "chat template refuses the prompt"),
        (Tokens(60, 20, 60, 60), ""),  # that both are the same tokens is no matter for one of them
    ],
)
def test_sft_drops_what_it_would_mask_whole(tokens: Tokens, reason: str) -> None:
    assert why_left_out(within(EXPORTERS["trl_completions"], 100).rules, row(tokens=tokens)) == reason
