"""Outputs in AlpacaEval's form: responses of a model, beside those of others at the same prompts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from curation.importers.datasets.registry import FORMATS, recognise
from curation.models import Judgment, Pair, Prompt, Response
from curation.services.pair_build import pairs_build
from tests.curation.format_rows import RIGHT, SKY, WRONG, changed, read
from tests.curation.import_runs import json_rows, jsonl, public, rows_of, run
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

NAME = "alpaca-eval-outputs"


def outputs(model: str, *texts: str) -> list[dict[str, Any]]:
    return [
        changed(NAME, instruction=f"Question {number}?", output=text, generator=model)
        for number, text in enumerate(texts)
    ]


@pytest.mark.parametrize("as_array", [True, False])
def test_it_works(as_array: bool) -> None:
    project, rows = ProjectFactory(), outputs("alpaca-7b", "one", "two")
    content = json.dumps(rows, indent=2).encode() if as_array else jsonl(rows)
    done = run(content, NAME, project, "model_outputs.json" if as_array else "outputs.jsonl")
    assert (done.state, rows_of(done)) == ("done", (2, 0, 0))
    assert [done.landed[noun] for noun in ("prompts", "responses", "pairs", "judgments")] == [2, 2, 0, 0]
    texts = Response.objects.order_by("id").values_list("text", "sampler__model_name", "sampler__backend")
    assert list(texts) == [("one", "alpaca-7b", "import"), ("two", "alpaca-7b", "import")]
    prompt = Prompt.objects.earliest("id")
    assert (prompt.split, prompt.category, prompt.source) == ("eval", "helpful_base", "AlpacaEval")


def test_a_second_model_stands_beside_the_first_and_pairs_can_be_built() -> None:
    project = ProjectFactory()
    run(jsonl(outputs("alpaca-7b", "one", "two", "same")), NAME, project)
    done = run(jsonl(outputs("gpt4", "eins", "zwei", "same", "alone")), NAME, project)
    assert [done.landed[noun] for noun in ("prompts", "responses")] == [1, 4]
    counts = pairs_build(project=project)
    assert (counts.created, counts.identical) == (2, 1)
    assert set(Pair.objects.values_list("response_a__text", "response_b__text")) == {
        ("one", "eins"), ("two", "zwei"),
    }  # fmt: skip


def test_annotations_are_of_the_same_prompts_and_responses() -> None:
    project = ProjectFactory()
    run(jsonl([changed(NAME, instruction=SKY, output=WRONG, input="Briefly.")]), NAME, project)
    annotated = changed("alpaca-eval", input="Briefly.")
    done = run(jsonl([annotated]), "alpaca-eval", project)
    assert [done.landed[noun] for noun in ("prompts", "responses", "judgments")] == [0, 1, 1]
    assert Judgment.objects.get().pair.response_a.text == WRONG
    assert Response.objects.get(text=RIGHT).sampler.model_name == "gpt4_1106_preview"  # type: ignore[union-attr]  # no person wrote it


def test_it_is_recognised_without_the_optional_columns_and_by_nothing_less() -> None:
    bare = {"instruction": SKY, "output": RIGHT, "generator": "m"}
    assert recognise([bare]) is FORMATS[NAME]
    # Instructions to train on have no generator, and are prompts to choose columns of.
    assert recognise([{"instruction": SKY, "input": "", "output": RIGHT}]) is None


def test_other_columns_stay_with_the_response() -> None:
    (answer,) = read(NAME, changed(NAME, avg_logprob=-0.4)).answers
    assert answer.metadata == {"avg_logprob": -0.4}
    record = read("alpaca-eval", changed("alpaca-eval", raw_completion={"text": "m"}, price_per_example=0.1))
    assert record.comparisons[0].columns == {"raw_completion": {"text": "m"}, "price_per_example": 0.1}


def test_the_public_outputs_of_two_models_land_at_the_same_prompts() -> None:
    prompts = {row["prompt_id"]: row for row in json_rows(public("alpaca_eval", "prompts.jsonl"))}
    project, said = ProjectFactory(), {}
    for model in ("alpaca-7b", "gpt4_1106_preview"):
        found = json_rows(public("alpaca_eval", "responses", f"{model}.jsonl.gz"))
        rows = [
            {
                "dataset": prompts[row["prompt_id"]]["dataset"],
                "instruction": prompts[row["prompt_id"]]["prompt"],
                "output": row["response"],
                "generator": row["model"],
            }
            for row in found
        ]
        empty = sum(not row["output"].strip() for row in rows)
        done = run(json.dumps(rows).encode(), NAME, project, "model_outputs.json")
        assert (done.state, done.rows_failed, done.landed["responses"]) == ("done", empty, len(rows) - empty)
        said[model] = {row["prompt_id"]: row["response"] for row in found if row["response"].strip()}
    assert Prompt.objects.count() == len(prompts) == 805
    both = said["alpaca-7b"].keys() & said["gpt4_1106_preview"].keys()
    differ = sum(said["alpaca-7b"][one] != said["gpt4_1106_preview"][one] for one in both)
    assert pairs_build(project=project).created == differ
