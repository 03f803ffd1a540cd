"""A dataset version from its files and people to the models trained on it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from curation.dataset_card import dataset_card
from curation.models import DatasetVersion, PromptImport
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, saved_recipe
from tests.factories import PairFactory, PromptFactory, RaterFactory, ResponseFactory, SamplerFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.training import make_run
from trainer_bridge.lineage import SHOWN, dataset_lineage
from trainer_bridge.models import ModelVersion, Round

pytestmark = pytest.mark.django_db


def lineage_url(number: int = 1) -> str:
    return reverse("training:dataset-lineage", args=["helpfulness", number])


@pytest.fixture
def version(people: People) -> DatasetVersion:
    """Two pairs from a file and one without, by two models and a person, each judged in both orders."""
    file = PromptImport.objects.create(project=people.project, file_name="questions.jsonl")
    large, small = (SamplerFactory(project=people.project, model_name=name) for name in ("large", "small"))
    rater = RaterFactory(project=people.project, label="judge v1")
    for source, other in ((file, small), (file, small), (None, None)):
        prompt = PromptFactory(project=people.project, prompt_import=source)
        a = ResponseFactory(prompt=prompt, sampler=large)
        by = {"sampler": other} if other else {"sampler": None, "author": people.anna}
        b = ResponseFactory(prompt=prompt, **by)
        judge_both_orders(PairFactory(prompt=prompt, response_a=a, response_b=b), rater, 0.9)
    return dataset_freeze(recipe=saved_recipe(people.project), user=None)


def edges_of(version: DatasetVersion) -> dict[tuple[str, str], int]:
    columns, edges = dataset_lineage(version)
    label = {node.key: node.label for column in columns for node in column.nodes}
    return {(label[edge.start], label[edge.end]): edge.n for edge in edges}


def test_it_works(people: People, version: DatasetVersion) -> None:
    run = make_run(people.project, people.rita, dataset_version=version)
    base = run.base_model
    run.model = ModelVersion.objects.create(
        project=people.project, name="Trained", kind="trained", path="/models/t", base=base
    )
    run.save()
    assert edges_of(version) == {
        ("questions.jsonl", "large"): 2,
        ("questions.jsonl", "small"): 2,
        ("Without a file", "large"): 1,
        ("Without a file", "people"): 1,
        ("large", "judge v1"): 6,
        ("small", "judge v1"): 4,
        ("people", "judge v1"): 2,
        ("judge v1", "v1 · Clean v1"): 6,
        ("v1 · Clean v1", "First run"): 1,
        ("First run", "Trained"): 1,
    }
    page = people.client("rita").get(lineage_url()).content.decode()
    assert "questions.jsonl → large: 2" in page
    assert reverse("training:run-detail", args=["helpfulness", run.pk]) in page
    assert (
        lineage_url()
        in people.client("rita")
        .get(reverse("curation:dataset-detail", args=["helpfulness", 1]))
        .content.decode()
    )


def test_a_writer_that_is_a_model_of_the_project_leads_to_it(people: People, version: DatasetVersion) -> None:
    model = ModelVersionFactory(project=people.project)
    turn = Round.objects.create(project=people.project, number=1, model=model)
    turn.samplers.add(people.project.samplers.get(model_name="large"))
    nodes = {node.label: node for column in dataset_lineage(version)[0] for node in column.nodes}
    assert nodes["large"].url == reverse("training:model-detail", args=["helpfulness", model.pk])
    assert nodes["small"].url == ""


def test_many_raters_stand_together(people: People, version: DatasetVersion) -> None:
    raters = [
        {"rater": 1000 + n, "label": f"rater {n}", "kind": "person", "judgments": 100 - n} for n in range(30)
    ]
    card: dict[str, Any] = version.card | {
        "raters": raters,
        "flows": {"writers_to_raters": [[None, rater["rater"], 5] for rater in raters]},
    }
    version.card = card
    columns, edges = dataset_lineage(version)
    [judged] = [column for column in columns if column.heading == "Judgments"]
    assert len(judged.nodes) == SHOWN
    assert judged.nodes[-1].label == "19 others"
    to_others = [edge for edge in edges if edge.end == judged.nodes[-1].key]
    assert [edge.n for edge in to_others] == [19 * 5]


def test_a_version_from_before_there_were_flows_has_a_graph(people: People, version: DatasetVersion) -> None:
    version.card = {key: value for key, value in version.card.items() if key != "flows"}
    assert edges_of(version) == {("judge v1", "v1 · Clean v1"): 6}
    assert "was not counted" not in people.client("rita").get(lineage_url()).content.decode()
    version.card = {}
    assert [column.heading for column in dataset_lineage(version)[0] if column.nodes] == ["Dataset"]


def test_a_version_without_flows_says_so(
    people: People, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def before(**kwargs: Any) -> dict[str, Any]:
        return dataset_card(**kwargs) | {"flows": {}}  # as large versions were frozen once

    monkeypatch.setattr("curation.services.dataset_freeze.dataset_card", before)
    dataset_freeze(recipe=version.recipe, user=None)
    assert "was not counted" in people.client("rita").get(lineage_url(2)).content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_who_may_see_it(people: People, version: DatasetVersion, name: str, status: int) -> None:
    assert people.client(name).get(lineage_url()).status_code == status


def test_there_is_no_such_version(people: People) -> None:
    assert people.client("rita").get(lineage_url(9)).status_code == 404


def test_queries_do_not_grow_with_runs(
    people: People, version: DatasetVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for number in range(4):
        make_run(people.project, people.rita, dataset_version=version, name=f"run {number}")
        with django_assert_max_num_queries(10):
            client.get(lineage_url())
