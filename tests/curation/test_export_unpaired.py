"""Formats with a row for each response, for KTO."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curation.exporters import EXPORTERS
from curation.exporters.base import TrainingRow
from curation.exporters.shapes import WINDOW
from tests.curation.export_rows import ABOUT, AGAIN, SYSTEM, USER, export, lines, row, zipped_lines
from tests.curation.test_export_formats import llama_factory

UNPAIRED = ["trl_unpaired", "llama_factory_kto", "axolotl_kto", "axolotl_kto_system"]
CONTRADICTED = "response both chosen and rejected"
REPEATED = "response already in the file"


def rows_of(path: Path, name: str) -> list[dict[str, Any]]:
    is_zip = EXPORTERS[name].suffix == "zip"
    return zipped_lines(path, "helpfulness-v3-train.jsonl") if is_zip else lines(path)


def labels(path: Path) -> dict[str, bool]:
    return {sample["completion"][0]["content"]: sample["label"] for sample in lines(path)}


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    prompt = [SYSTEM, *AGAIN]
    written = export("trl_unpaired", [row(prompt)], path)
    assert (written.n_rows, written.left_out) == (2, {})
    both = sorted(lines(path), key=lambda sample: not sample["label"])
    assert both == [
        {"prompt": prompt, "completion": [{"role": "assistant", "content": "good"}], "label": True},
        {"prompt": prompt, "completion": [{"role": "assistant", "content": "bad"}], "label": False},
    ]
    assert [list(sample) for sample in both] == [["prompt", "completion", "label"]] * 2


def test_a_response_that_always_won_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    written = export("trl_unpaired", [row(None, "a", "b"), row(None, "a", "c"), row(None, "a", "d")], path)
    assert labels(path) == {"a": True, "b": False, "c": False, "d": False}
    assert (written.n_rows, written.left_out) == (4, {REPEATED: 2})


def test_a_response_that_won_and_lost_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    written = export("trl_unpaired", [row(None, "a", "b"), row(None, "b", "c"), row(None, "b", "d")], path)
    assert labels(path) == {"a": True, "c": False, "d": False}
    assert (written.n_rows, written.left_out) == (3, {CONTRADICTED: 3})


def test_the_same_text_under_another_prompt_is_another_response(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    rows = [row(None, "yes", "no", prompt_id="1"), row(AGAIN, "no", "yes", prompt_id="2")]
    written = export("trl_unpaired", rows, path)
    assert (written.n_rows, written.left_out) == (4, {})


@pytest.mark.parametrize("name", UNPAIRED)
def test_pairs_that_decide_nothing_are_left_out_whole(tmp_path: Path, name: str) -> None:
    prompt = [SYSTEM, USER] if name == "axolotl_kto_system" else [USER]
    rows = [
        row(prompt, "a", "b", prompt_id="1"),
        row(prompt, "c", "d", soft_label=0.5, prompt_id="2"),
        row(prompt, "e", "", prompt_id="3"),
        row(prompt, "f", "f", prompt_id="4"),
    ]
    written = export(name, rows, tmp_path / "file")
    assert written.n_rows == 2
    assert written.left_out == {"tie": 2, "empty response": 2, "identical responses": 2}
    known = {reason.reason for reason in EXPORTERS[name].reasons}
    assert known >= {*written.left_out, CONTRADICTED, REPEATED}


@pytest.mark.parametrize("name", UNPAIRED)
def test_neighbours_are_of_different_prompts(tmp_path: Path, name: str) -> None:
    """TRL and LLaMA-Factory take the KL term from a prompt and the response before it."""
    system = [SYSTEM] if name == "axolotl_kto_system" else []
    rows = [
        row(
            [*system, {"role": "user", "content": f"Q{prompt}"}],
            f"a{prompt}",
            f"b{n}",
            prompt_id=f"{prompt:04}",
        )
        for prompt in range(900)
        for n in range(1 + prompt % 3)
    ]
    path = tmp_path / "file"
    export(name, rows, path)
    found = rows_of(path, name)
    prompts = [
        json.dumps(sample["conversations"][:-1] if "conversations" in sample else sample["prompt"])
        for sample in found
    ]
    assert len(found) == 900 + len(rows)
    assert all(first != second for first, second in itertools.pairwise(prompts))
    tags = [sample.get("label", sample.get("kto_tag")) for sample in found]
    changes = sum(first != second for first, second in itertools.pairwise(tags))
    assert changes > len(tags) / 4, "labels come mixed, not in blocks"


def neighbours(path: Path, counts: list[int]) -> int:
    """How many rows follow one of the same prompt, in a file of prompts with these numbers of responses."""
    rows = [
        row([{"role": "user", "content": f"Q{prompt}"}], "won", f"lost {n}", prompt_id=f"{prompt:04}")
        for prompt, count in enumerate(counts)
        for n in range(count - 1)
    ]
    written = export("trl_unpaired", rows, path)
    found = [(sample["prompt"][0]["content"], sample["completion"][0]["content"]) for sample in lines(path)]
    assert written.n_rows == len(found) == len(set(found)) == sum(counts)
    return sum(first == second for (first, _), (second, _) in itertools.pairwise(found))


COUNTS = st.lists(st.integers(2, 40), min_size=1, max_size=12)


@given(COUNTS)
def test_as_few_neighbours_of_one_prompt_as_can_be(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int]
) -> None:
    """Between n others there is room for n + 1 of one kind."""
    path = tmp_path_factory.mktemp("kto") / "file.jsonl"
    assert neighbours(path, counts) == max(0, 2 * max(counts) - sum(counts) - 1)


@pytest.mark.parametrize("last", [2, 3, 40])
def test_a_prompt_that_is_left_for_the_end_is_mixed_with_those_before(tmp_path: Path, last: int) -> None:
    counts = [2] * (WINDOW // 2) * 2 + [last]
    assert neighbours(tmp_path / "file", counts) == 0
    assert neighbours(tmp_path / "other", [2] * (WINDOW // 2) + [3, last, 2]) == 0


def test_in_turn_where_that_is_enough(tmp_path: Path) -> None:
    """The order that files have had from the start."""
    path = tmp_path / "file.jsonl"
    assert neighbours(path, [2, 3, 2]) == 0
    found = [sample["prompt"][0]["content"] for sample in lines(path)]
    assert found == ["Q0", "Q1", "Q2", "Q0", "Q1", "Q2", "Q1"]


@given(
    st.lists(
        st.tuples(st.sampled_from("pqr"), st.sampled_from("abcd"), st.sampled_from("abcd")).filter(
            lambda pair: pair[1] != pair[2]
        ),
        min_size=1,
        max_size=30,
    ).map(sorted)
)
def test_a_response_is_kept_if_and_only_if_its_pairs_agree(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("kto") / "file.jsonl"
    rows = [
        row([{"role": "user", "content": prompt}], won, lost, prompt_id=prompt) for prompt, won, lost in pairs
    ]
    written = export("trl_unpaired", rows, path)
    won_by = {(prompt, won) for prompt, won, _ in pairs}
    lost_by = {(prompt, lost) for prompt, _, lost in pairs}
    expected = {(*key, True) for key in won_by - lost_by} | {(*key, False) for key in lost_by - won_by}
    found = Counter(
        (sample["prompt"][0]["content"], sample["completion"][0]["content"], sample["label"])
        for sample in lines(path)
    )
    assert found == Counter(expected)
    assert written.n_rows + sum(written.left_out.values()) == 2 * len(pairs)


def test_llama_factory_reads_the_tag(tmp_path: Path) -> None:
    path = tmp_path / "file.zip"
    export("llama_factory_kto", [row([SYSTEM, *AGAIN])], path)
    with ZipFile(path) as zipped:
        (entry,) = json.loads(zipped.read("dataset_info.json")).values()
        assert zipped.namelist() == ["dataset_info.json", entry["file_name"]]
    assert "ranking" not in entry  # the stage kto refuses ranking data
    read = {
        tuple(llama_factory(entry, sample)[2]): sample["kto_tag"]
        for sample in rows_of(path, "llama_factory_kto")
    }
    assert read == {("good",): True, ("bad",): False}
    for sample in rows_of(path, "llama_factory_kto"):
        assert llama_factory(entry, sample)[:2] == (["Q", "A", "And?"], "Be brief.")


def axolotl(type_: dict[str, str], sample: dict[str, Any]) -> str:
    """The prompt that `user_defined` makes of a row; KeyError where it would fail."""
    prompt_format = type_["prompt_format"]
    if "{system}" in prompt_format and sample.get(type_["field_system"]):
        return prompt_format.format(
            system=sample[type_["field_system"]], prompt=sample[type_["field_prompt"]]
        )
    return prompt_format.format(prompt=sample[type_["field_prompt"]])


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("axolotl_kto", "<|im_start|>user\n{Q}<|im_end|>\n<|im_start|>assistant\n"),
        (
            "axolotl_kto_system",
            (
                "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n{Q}<|im_end|>\n"
                "<|im_start|>assistant\n"
            ),
        ),
    ],
)
def test_axolotl_renders_every_row_with_the_configuration_shown(
    tmp_path: Path, name: str, prompt: str
) -> None:
    path = tmp_path / "file.jsonl"
    user = {"role": "user", "content": "{Q}"}
    export(name, [row([user], prompt_id="1"), row([SYSTEM, user], prompt_id="2")], path)
    (snippet,) = EXPORTERS[name].usage(ABOUT)
    (entry,) = yaml.safe_load(snippet.text)["datasets"]
    found = lines(path)
    assert [axolotl(entry["type"], sample) for sample in found] == [prompt, prompt]
    texts = {sample["completion"]: sample["label"] for sample in found}
    assert texts == {"good": True, "bad": False}
    assert entry["type"]["completion_format"].format(completion="good") == "good<|im_end|>"


ONE, WITHOUT, WITH = "prompt has more than one turn", "prompt has a system turn", "prompt has no system turn"


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("axolotl_kto", {WITHOUT: 2, ONE: 2}), ("axolotl_kto_system", {WITH: 2, ONE: 2})],
)
def test_axolotl_files_part_by_system_turn(tmp_path: Path, name: str, left_out: dict[str, int]) -> None:
    rows: list[TrainingRow] = [
        row([USER], prompt_id="1"), row([SYSTEM, USER], prompt_id="2"), row(AGAIN, prompt_id="3")
    ]  # fmt: skip
    written = export(name, rows, tmp_path / "file.jsonl")
    assert (written.n_rows, written.left_out) == (2, left_out)
