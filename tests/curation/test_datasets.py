"""Freezing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from curation.models import DatasetRow, DatasetVersion, DroppedPair, Project
from curation.services.dataset_freeze import EmptyDatasetError, dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project, ln_ches, saved_recipe
from tests.factories import ProjectFactory, PromptFactory, RaterFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    a_wins, b_wins, barely, tie, _ = judged_project(people.project)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=people.rita, note="first")
    assert (version.number, version.n_rows, version.n_dropped) == (1, 2, 2)
    row = version.rows.get(pair=b_wins)
    assert (row.chosen, row.rejected, row.split) == (b_wins.response_b, b_wins.response_a, "eval")
    assert (row.margin, row.soft_label, row.weight) == (pytest.approx(0.8), pytest.approx(0.9), 1.0)
    assert [row.position for row in version.rows.all()] == [0, 1]
    drops = version.dropped.order_by("step_index").values_list("pair", "step_index", "step", "reason")
    assert list(drops) == [
        (tie.pk, 0, "consensus_exists", "tie"),
        (barely.pk, 1, "min_margin", "margin below 0.3"),
    ]
    assert version.rows.get(pair=a_wins).chosen == a_wins.response_a


def test_the_card_says_where_it_comes_from(people: People) -> None:
    pairs = judged_project(people.project)
    producer = ln_ches(people.project, {pairs[0]: 1.0, pairs[1]: 1.0})
    steps = [
        {"step": "consensus_exists"},
        {"step": "min_margin", "margin": 0.3},
        {"step": "drop_top_ln_ches", "percent": 0},
    ]
    card = dataset_freeze(recipe=saved_recipe(people.project, steps), user=None).card
    assert card["splits"] == {"eval": 1, "train": 1}
    assert card["gold_pairs_left_out"] == 1
    assert [(rater["label"], rater["judgments"]) for rater in card["raters"]] == [("judge v1", 4)]
    assert card["judgments"] == 4
    assert [score["producer"] for score in card["scores"]] == [producer.pk]
    assert sum(sampler["responses"] for sampler in card["samplers"]) == 4
    assert card["categories"] == {"general": 2}
    assert card["licences"] == {"": 2}
    assert card["chosen_by_model"] == {"tiny": 2}


def test_numbers_go_up_within_a_project(people: People) -> None:
    judged_project(people.project)
    recipe = saved_recipe(people.project)
    assert [dataset_freeze(recipe=recipe, user=None).number for _ in range(2)] == [1, 2]
    other = ProjectFactory()
    judged_project(other)
    assert dataset_freeze(recipe=saved_recipe(other), user=None).number == 1


def test_an_empty_result_is_refused_and_leaves_nothing(people: People) -> None:
    judged_pair(people.project, 0.5)
    with pytest.raises(EmptyDatasetError, match=r"None of the 1 pairs .*tie \(1\)"):
        dataset_freeze(recipe=saved_recipe(people.project), user=None)
    assert not DatasetVersion.objects.exists()
    assert not DroppedPair.objects.exists()


def test_an_empty_project_is_refused(people: People) -> None:
    with pytest.raises(EmptyDatasetError, match="Build pairs"):
        dataset_freeze(recipe=saved_recipe(people.project), user=None)


def test_the_hash_is_that_of_the_rows_as_they_are_stored(people: People) -> None:
    for place, p in enumerate((0.95, 0.1, 0.8, 0.7, 0.35)):
        judged_pair(people.project, p, split="eval" if place == 1 else "train")
    steps = [
        {"step": "consensus_exists"},
        {"step": "curriculum", "scheme": "global", "blocks": 2},
        {"step": "weight"},
        {"step": "hold_out", "percent": 40},
    ]
    version = dataset_freeze(recipe=saved_recipe(people.project, steps), user=None)
    rows = version.rows.select_related("pair__prompt", "chosen", "rejected").order_by("position")
    lines = [
        [
            row.pair.prompt.fingerprint,
            row.chosen.text_hash,
            row.rejected.text_hash,
            *(repr(number).removesuffix(".0") for number in (row.margin, row.weight, row.soft_label)),
            f"{row.split} {row.block}",
        ]
        for row in rows
    ]
    content = "".join("\t".join(line) + "\n" for line in lines)
    assert version.content_hash == hashlib.sha256(content.encode()).hexdigest()
    assert lines == sorted(lines, key=lambda line: (line[-1].split()[1], *line[:3]))


def test_a_row_of_another_pairs_responses_is_refused(people: People) -> None:
    judged_project(people.project)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    pair, stranger = (
        version.dropped.order_by("step_index")[0].pair,
        version.rows.order_by("position")[0].chosen,
    )
    wrong = [(stranger, pair.response_b), (pair.response_a, stranger)]
    for chosen, rejected in wrong:
        row = DatasetRow(version=version, position=2, pair=pair, chosen=chosen, rejected=rejected, margin=1)
        row.soft_label = 1
        with pytest.raises(IntegrityError, match="not those of their pairs"), transaction.atomic():
            row.save()


def test_versions_rows_and_drops_never_change(people: People) -> None:
    judged_project(people.project)
    version = dataset_freeze(recipe=saved_recipe(people.project), user=None)
    changes: list[Any] = [
        lambda: DatasetVersion.objects.filter(pk=version.pk).update(note="other"),
        lambda: DatasetRow.objects.filter(version=version).update(weight=2.0),
        lambda: DroppedPair.objects.filter(version=version).delete(),
    ]
    for change in changes:
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def frozen_hash(slug: str, stems: list[str]) -> str:
    """The hash of one judged pair per stem, made in the given order."""
    project: Project = ProjectFactory(slug=slug)
    rater = RaterFactory(project=project)
    for stem in stems:
        prompt = PromptFactory(project=project, messages=[{"role": "user", "content": stem[0]}])
        judged_pair(project, 0.9, rater=rater, prompt=prompt, texts=stem)
    return dataset_freeze(recipe=saved_recipe(project), user=None).content_hash


def test_the_hash_follows_the_content_and_nothing_else() -> None:
    same, shuffled = frozen_hash("one", ["x", "y", "z"]), frozen_hash("two", ["z", "x", "y"])
    assert same == shuffled
    assert frozen_hash("three", ["x", "y", "z, changed"]) != same
