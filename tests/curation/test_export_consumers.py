"""Exported files in the hands of `datasets` and TRL."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation.exporters import EXPORTERS
from curation.exporters.origin import Origin, Said
from tests.curation.export_rows import AGAIN, PLAIN, SYSTEM, USER, WITHOUT_SYSTEM, export, row
from tests.curation.test_export_axolotl import ONE_TURN
from tests.ml_children import MlChildren


def check(ml: MlChildren, *arguments: str) -> dict[str, Any]:
    said = ml.answer("tests.curation.consumer_check", *arguments)
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def written(folder: Path, *names: str, system: bool = False) -> Path:
    """A file of each format with prompts of one and of several turns, in both splits."""
    before = [SYSTEM] if system else []
    rows = [
        row(
            [*before, *(AGAIN[:2] if n % 3 == 2 else []), {**USER, "content": f"Q{n}"}],
            f"good {n}",
            f"bad {n}",
            margin=n / 10,
            split="eval" if n % 4 == 3 else "train",
            prompt_id=f"{n:02}",
        )
        for n in range(8)
    ]
    folder.mkdir()
    for name in names:
        made = export(name, rows, folder / f"{name}.{EXPORTERS[name].suffix}")
        assert made.n_rows
    return folder


def test_it_works(ml: MlChildren, tmp_path: Path) -> None:
    """`datasets` loads every format, and a row of the file is a row of the dataset."""
    names = [name for name in PLAIN if name not in WITHOUT_SYSTEM]
    found = check(ml, "load", str(written(tmp_path / "files", *names, system=True)))
    assert set(found) == set(names)
    assert {name: split["n"] for name, split in found["hub_folder"].items()} == {"train": 6, "test": 2}
    for name, splits in found.items():
        pairs = 6 if name in ONE_TURN else 8
        assert sum(split["n"] for split in splits.values()) == pairs * EXPORTERS[name].rows_per_pair, name
    first = {name: splits[""]["first"] for name, splits in found.items() if "" in splits}
    asked = [SYSTEM, {"role": "user", "content": "Q0"}]
    assert first["trl_parquet"] == first["trl_jsonl"]
    assert first["trl_jsonl"]["prompt"] == asked
    assert first["trl_implicit"]["chosen"] == [*asked, {"role": "assistant", "content": "good 0"}]
    assert isinstance(first["trl_unpaired"]["label"], bool)
    assert first["llama_factory_alpaca"] == {
        "instruction": "Q0", "input": "", "system": "Be brief.", "history": [],
        "chosen": "good 0", "rejected": "bad 0",
    }  # fmt: skip
    assert first["llama_factory_sharegpt"]["chosen"] == {"from": "gpt", "value": "good 0"}
    assert isinstance(first["llama_factory_kto"]["kto_tag"], bool)
    assert first["axolotl_dpo"]["messages"] == first["openrlhf"]["prompt"] == asked
    assert first["ultrafeedback"]["prompt_id"] == "00"
    assert found["hub_folder"]["train"]["first"]["chosen"] == first["trl_jsonl"]["chosen"]


@pytest.mark.parametrize("name", ["helpsteer2", "helpsteer3"])
def test_judgments_of_any_shape_are_loaded(ml: MlChildren, tmp_path: Path, name: str) -> None:
    """What people were asked differs from row to row; `datasets` wants one type for each column."""
    rated = {"ratings": {"tone": {"a": 1, "b": 0}}}
    asked: list[dict[str, Any]] = [{}, rated, {"ratings": ["text"]}, {"n": 1.5}]
    said = Said("person-1", "person", 1, "preferred", "campaign", "2026-01-05T10:00:00+00:00", 2)
    rows = [
        row(chosen=f"good {n}", origin=Origin(1, judgments=(replace(said, attributes=found),) * (n % 3)))
        for n, found in enumerate(asked)
    ]
    (tmp_path / "files").mkdir()
    export(name, rows, tmp_path / "files" / f"{name}.jsonl")
    found = check(ml, "load", str(tmp_path / "files"))
    assert found[name][""]["n"] == 4
    assert isinstance(found[name][""]["first"].get("tiebreak", ""), str)


@pytest.fixture(scope="module")
def trained(ml: MlChildren, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A step of RewardTrainer, KTOTrainer, DPOTrainer and SFTTrainer on a random two-layer model."""
    names = (
        "trl_jsonl", "trl_weighted", "trl_implicit", "trl_unpaired", "trl_prompts", "trl_completions",
        "ultrafeedback",
    )  # fmt: skip
    folder = written(tmp_path_factory.mktemp("trl") / "files", *names)
    return check(ml, "trl", str(folder), str(tiny_model))


def test_trl_finds_the_prompt_in_whole_conversations(trained: dict[str, Any]) -> None:
    for name in ("implicit", "ultrafeedback"):
        prompt, *_ = trained[name].values()
        assert [turn["content"] for turn in prompt] == ["Q0"]
        assert [turn["content"] for turn in trained[name]["chosen"]] == ["good 0"]
        assert [turn["content"] for turn in trained[name]["rejected"]] == ["bad 0"]


def test_the_reward_trainer_sees_conversation_and_margin(trained: dict[str, Any]) -> None:
    assert len(trained["reward"]) == 8
    assert "Q0" in trained["reward"][0]
    assert "good 0" in trained["reward"][0]
    assert len(trained["margins"]) == 4
    assert {round(margin, 6) for margin in trained["margins"]} <= {n / 10 for n in range(8)}


def test_the_kl_term_never_takes_an_answer_to_the_same_prompt(trained: dict[str, Any]) -> None:
    """Each row's KL completion is another row's, within a batch of 4."""
    rows = trained["kto"]
    assert sorted(sample["label"] for sample in rows) == [False] * 8 + [True] * 8
    number = {sample["completion"]: sample["prompt"] for sample in rows}
    for sample in rows:
        assert sample["completion"].startswith("good" if sample["label"] else "bad")
        assert number[sample["kl"]] != sample["prompt"]


def test_sft_trains_on_the_chosen_response_alone(trained: dict[str, Any]) -> None:
    assert len(trained["sft"]) == 8
    for n, text in enumerate(trained["sft"]):
        assert f"good {n}" in text
        assert "bad" not in text
        assert f"Q{n}" not in text


def test_prompts_end_where_the_model_is_to_answer(trained: dict[str, Any]) -> None:
    assert len(trained["prompts"]) == 8
    for n, text in enumerate(trained["prompts"]):
        assert f"Q{n}" in text
        assert "good" not in text


def test_a_step_of_each_trainer_has_a_finite_loss(trained: dict[str, Any]) -> None:
    assert len(trained["losses"]) == 5
    assert all(math.isfinite(loss) for loss in trained["losses"])
