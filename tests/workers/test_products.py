"""Products of float32 matrices in bfloat16 parts are what the same products are in float64, nearly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ml_children import MlChildren


@pytest.fixture(scope="module")
def found(ml: MlChildren, tiny_model: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(ml.answer("tests.workers.products_oracle", str(tiny_model)))
    if not read["has_routine"]:
        pytest.skip("this build of torch has no oneMKL, so it never multiplies in parts")
    return read


def test_it_works(found: dict[str, Any]) -> None:
    model = found["bfloat16 weights"]
    assert model["says"] == "float32 products of bfloat16 parts"
    assert model["replaced"] == model["layers"] > 0
    assert model["is_other"]
    assert model["apart"] < 1e-4
    # What comes after the pass has the model as it was.
    assert model["is_restored"]


def test_two_parts_keep_sixteen_bits(found: dict[str, Any]) -> None:
    assert max(found["apart"].values()) < 2**-16


def test_weights_that_bfloat16_would_round_are_multiplied_as_usual(found: dict[str, Any]) -> None:
    model = found["float32 weights"]
    assert (model["says"], model["replaced"], model["apart"]) == ("", 0, 0.0)


def test_what_gains_nothing_or_needs_a_gradient_is_multiplied_as_usual(found: dict[str, Any]) -> None:
    assert found["few_rows_alike"]
    assert found["keeps_gradient"]


def test_layers_that_read_the_same_share_its_parts(found: dict[str, Any]) -> None:
    assert found["same_layers_read_once"]


def test_other_processors_and_precisions_are_left_alone(found: dict[str, Any]) -> None:
    assert found["elsewhere"] == [["", 0], ["", 0]]
