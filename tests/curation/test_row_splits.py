"""A row's own split stands before the one chosen for the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.importers.datasets.registry import FORMATS
from curation.importers.rows import FileRow, Position
from curation.models import Prompt
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_write
from curation.services.preference_parse import ReadOptions, preference_entries
from tests.conftest import People
from tests.curation.export_rows import lines
from tests.curation.format_rows import changed
from tests.curation.import_runs import run
from tests.curation.native_data import Rich
from tests.curation.recipe_data import saved_recipe
from tests.factories import ProjectFactory


def prompt(name: str, chosen: str = "train", **changes: Any) -> dict[str, Any]:
    """The prompt that the format's example becomes, with other values and the split chosen for the file."""
    rows = [FileRow(1, 1, Position(1, 1), changed(name, **changes))]
    ((_, said),) = preference_entries(rows, FORMATS[name], ReadOptions(split=chosen))
    assert isinstance(said, list)
    return said[0].prompt.record


@pytest.mark.django_db
def test_it_works(people: People) -> None:
    """What our own export calls val comes back as eval."""
    rich = Rich(people)
    recipe = saved_recipe(rich.project, [{"step": "consensus_exists"}])
    made = export_write(
        version=dataset_freeze(recipe=recipe, user=None), format="helpsteer2", split="all", user=None
    )
    content = Path(made.path).read_bytes()
    splits = {row["prompt"]: row["split"] for row in lines(Path(made.path))}
    assert set(splits.values()) == {"train", "val"}
    project = ProjectFactory()
    run(content, "helpsteer2-preference", project)
    landed = Prompt.objects.filter(project=project)
    assert {one.messages[0]["content"].strip(): one.split for one in landed if len(one.messages) == 1} == {
        text.strip(): {"train": "train", "val": "eval"}[split]
        for text, split in splits.items()
        if "<extra_id_1>" not in text
    }
    assert set(landed.values_list("split", flat=True)) == {"train", "eval"}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("own", "split"), [("validation", "eval"), ("train", "train"), ("Test ", "eval")])
def test_a_column_stands_before_the_choice_in_every_format(name: str, own: str, split: str) -> None:
    other = {"eval": "train", "train": "eval"}[split]
    # What some formats say of the split in columns of their own is taken away.
    found = prompt(name, chosen=other, split=own, domain="askscience", datasplit=...)
    assert found["split"] == split
    assert "split" not in found["metadata"]


@pytest.mark.parametrize("own", [..., None, "", "split 7", 7, ["test"]])
def test_what_names_no_split_leaves_the_choice(own: Any) -> None:
    for name in ("trl-explicit", "helpsteer2-preference", "hh-rlhf"):
        assert prompt(name, chosen="eval", split=own)["split"] == "eval"
    kept = prompt("trl-explicit", split=own)["metadata"]
    assert kept == ({} if own in (..., None, "") else {"split": own})


@pytest.mark.parametrize(
    ("domain", "category", "split"),
    [
        ("askculinary_test", "askculinary", "eval"),
        ("askculinary_validation", "askculinary", "eval"),
        ("askculinary_train", "askculinary", "train"),
        ("ask_culinary_test", "ask_culinary", "eval"),
        ("askculinary", "askculinary", "gold"),
        ("ask_culinary", "ask_culinary", "gold"),
        ("_test", "_test", "gold"),
        ("", "", "gold"),
    ],
)
def test_domains_of_shp_end_in_the_split(domain: str, category: str, split: str) -> None:
    found = prompt("shp", chosen="gold", domain=domain)
    assert (found["category"], found["split"]) == (category, split)


def test_the_datasplit_of_alpaca_eval_is_a_split() -> None:
    for name in ("alpaca-eval", "alpaca-eval-outputs"):
        assert prompt(name, chosen="train", datasplit="eval")["split"] == "eval"
        odd = prompt(name, chosen="gold", datasplit="part 7")
        assert (odd["split"], odd["metadata"]) == ("gold", {"datasplit": "part 7"})


def test_tasks_of_labelling_tools_name_it_among_their_data() -> None:
    data = FORMATS["label-studio"].example["data"] | {"split": "test"}
    found = prompt("label-studio", data=data)
    assert (found["split"], "split" in found["metadata"]) == ("eval", False)
    texts = FORMATS["argilla"].example["fields"] | {"split": "dev"}
    assert prompt("argilla", fields=texts)["split"] == "eval"
    odd = prompt("argilla", fields=texts | {"split": "second half"})
    assert (odd["split"], odd["metadata"]["split"]) == ("train", "second half")
