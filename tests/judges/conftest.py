"""A judge of the project, and rows as its worker writes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from curation.models import Pair
from judges.models import Judge
from judges.services.judge_create import judge_create
from judges.services.rubric_default import rubric_default
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

Row = dict[str, Any]
MakePairs = Callable[[int], list[Pair]]


@pytest.fixture
def model_root(settings: LazySettings, tmp_path: Path) -> Path:
    """A server with one usable model directory, `tiny`."""
    settings.MODELS_ROOT = tmp_path / "models"
    write_model_dir(tmp_path / "models" / "tiny")
    return tmp_path / "models"


def write_model_dir(path: Path) -> Path:
    """What the registry looks for; nothing that could be loaded."""
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"model_type": "llama"}')
    (path / "tokenizer_config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"\0" * 8)
    return path


@pytest.fixture
def judge(people: People, model_root: Path) -> Judge:
    rubric = rubric_default(project=people.project, user=people.rita)
    return judge_create(
        project=people.project,
        name="Tiny",
        rubric=rubric,
        backend="transformers",
        model_name="tiny",
        user=people.rita,
    )


@pytest.fixture
def make_pairs(people: People) -> MakePairs:
    def make(number: int) -> list[Pair]:
        return [PairFactory(prompt=PromptFactory(project=people.project)) for _ in range(number)]

    return make


def verdict_row(pair: Pair, left: str, p_left: float | None, **fields: Any) -> Row:
    return {
        "pair_id": str(pair.pk),
        "left": left,
        "parsed": p_left is not None,
        "p_left": p_left,
        "logprob_left": -0.1,
        "logprob_right": -2.0,
        "mass": 0.9,
        "raw_text": " A",
        "error": "",
        **fields,
    }
