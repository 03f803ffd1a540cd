"""Texts that are packed into one row read as each would by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ml_children import MlChildren


def packed(ml: MlChildren, model: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ml.answer("tests.workers.packing_oracle", str(model)))
    return found


def test_it_works(ml: MlChildren, tiny_model: Path) -> None:
    found = packed(ml, tiny_model)
    assert found["can_pack"]
    assert found["apart"] < 1e-5
    assert found["packs"] > 80
    # What neighbours have in common is read once.
    assert found["read"] < 0.9 * found["texts"]


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 16},
        {"model_type": "gemma2", "architectures": ["Gemma2ForCausalLM"], "query_pre_attn_scalar": 8},
    ],
)
def test_attention_that_does_not_see_everything_is_left_as_it_is(
    ml: MlChildren, tiny_model: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_model, model)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, **changes}))
    assert not packed(ml, model)["can_pack"]
