"""The README of a dataset folder: what it says of agreement, biases and scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from curation.bias.known import known_biases
from curation.exporters.hub_card import hub_card
from curation.models import DatasetVersion, Export, Pair, ScoreProducer
from curation.services.dataset_freeze import dataset_freeze
from curation.services.export_write import export_again, export_write
from curation.services.rater_exclude import rater_exclude
from tests.conftest import People
from tests.curation.export_rows import ABOUT, CARD
from tests.curation.recipe_data import judge_both_orders, ln_ches, saved_recipe
from tests.curation.test_bias import computed, preferred
from tests.factories import RaterFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(people: People) -> DatasetVersion:
    """Two raters who disagree on every third of 30 pairs."""
    preferred(people.project, 30)
    other = RaterFactory(project=people.project, label="judge v2")
    for place, pair in enumerate(Pair.objects.order_by("id")):
        judge_both_orders(pair, other, 0.9 if place % 3 else 0.3)
    return dataset_freeze(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}]), user=None)


def written(version: DatasetVersion) -> Export:
    return export_write(version=version, format="hub_folder", split="all", user=None)


def readme(export: Export) -> str:
    with ZipFile(export.path) as zipped:
        return zipped.read("README.md").decode()


def test_it_works(version: DatasetVersion) -> None:
    card = readme(written(version))
    assert "## Agreement and known biases" in card
    found = known_biases(computed(version))
    agree, _, longer, looks = found
    percents = [f"{100 * agree[key]:.1f} %" for key in ("value", "low", "high")]
    assert "| Two raters of a pair agree | {} | {} to {} | 30 |".format(*percents) in card
    assert percents[0] == "66.7 %"
    assert f"| The longer response is chosen | {100 * longer['value']:.1f} % |" in card
    assert f"| Chosen told from rejected by its looks | {looks['value']:.3f} |" in card
    assert "## Scores" not in card
    assert "the consensus probability that this response is the better one" in card


def test_nothing_that_comes_later_changes_a_byte(people: People, version: DatasetVersion) -> None:
    export = written(version)
    later = RaterFactory(project=people.project)
    for pair in Pair.objects.all():
        judge_both_orders(pair, later, 0.1)
    rater = version.card["raters"][0]["rater"]
    rater_exclude(rater=later.project.raters.get(pk=rater), user=people.alice, reason="in a hurry")
    computed(version)
    Path(export.path).unlink()
    assert export_again(export, None).sha256 == export.sha256


def test_what_is_not_defined_says_why(people: People) -> None:
    card = readme(written(preferred(people.project, 3)))
    assert "| Two raters of a pair agree | not defined: no pair has votes of two raters |  | 0 |" in card


def test_scores_are_told_with_the_model_that_made_them(people: People, version: DatasetVersion) -> None:
    producer = ln_ches(people.project, {row.pair: 1.0 for row in version.rows.all()})
    details = {"model_fingerprint": "f00d", "dtype": "float32", "max_length": 512, "labels": 7}
    ScoreProducer.objects.filter(pk=producer.pk).update(details=details)
    steps = [{"step": "consensus_exists"}, {"step": "soft_label", "scorer": "ln_ches", "scale": 0.5}]
    card = readme(written(dataset_freeze(recipe=saved_recipe(people.project, steps), user=None)))
    assert "- ln-CHES by tiny (dtype float32, max length 512, model fingerprint f00d)\n" in card
    assert r"sets it (rule bradley\_terry, scorer ln\_ches, scale 0.5), not that of the consensus" in card
    assert "the consensus probability" not in card


def test_scores_of_raters_name_nobody() -> None:
    scores = [{"scorer": "judge_entropy", "label": "anna and bob"}]
    about = replace(ABOUT, card=CARD | {"scores": scores})
    card = hub_card(about, {"train": 1}, {"": 1}, {})
    assert "## Scores that the recipe read" in card
    assert "anna" not in card


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"rule": "consensus"}, "the consensus probability that this response is the better one;"),
        ({"rule": "smpo"}, "(rule smpo), not that of the consensus;"),
        (
            {"rule": "smpo", "keep_missing": True},
            "not that of the consensus, which rows without a score have;",
        ),
    ],
)
def test_the_score_columns_are_what_the_recipe_made_them(step: dict[str, object], words: str) -> None:
    recipe = {"name": "Clean", "version": 1, "steps": [{"step": "soft_label", **step}]}
    card = hub_card(replace(ABOUT, card=CARD | {"recipe": recipe}), {"train": 1}, {"": 1}, {})
    assert words in card
