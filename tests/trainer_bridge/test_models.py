"""The model registry and the rounds that start from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from tests.conftest import People
from tests.factories import ProjectFactory, SamplerFactory
from tests.judges.conftest import write_model_dir
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.training import make_run, trained_model, write_training
from trainer_bridge.errors import JobError
from trainer_bridge.kinds.train import Train
from trainer_bridge.models import ModelVersion
from trainer_bridge.services.model_register import model_register
from trainer_bridge.services.round_open import round_open

pytestmark = pytest.mark.django_db

BASE = "/p/helpfulness"


@pytest.fixture(autouse=True)
def _tiny(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODELS_ROOT = tmp_path / "models"
    settings.EXPORTS_ROOT = tmp_path / "exports"
    write_model_dir(tmp_path / "models" / "tiny")


def test_it_works(people: People) -> None:
    rita = people.client("rita")
    assert "tiny" in rita.get(f"{BASE}/models/new/").content.decode()
    answer = rita.post(f"{BASE}/models/new/", {"name": "Tiny", "path": "tiny"})
    model = ModelVersion.objects.get()
    assert answer.headers["Location"] == f"{BASE}/models/{model.pk}/"
    assert (model.kind, Path(model.path).name, model.created_by) == ("base", "tiny", people.rita)
    page = rita.get(f"{BASE}/models/{model.pk}/").content.decode()
    assert f"{BASE}/sample/?model={model.pk}" in page
    assert f"{BASE}/models/{model.pk}/evaluate/" in page


def test_twice_is_once(people: People, tmp_path: Path) -> None:
    first = model_register(project=people.project, name="Tiny", path="tiny", user=people.rita)
    again = model_register(project=people.project, name="Tiny", path=Path(first.path), user=people.alice)
    assert again == first
    write_model_dir(tmp_path / "models" / "other")
    with pytest.raises(JobError, match="name of another model"):
        model_register(project=people.project, name="Tiny", path="other", user=people.rita)


def test_a_bad_directory_says_why(people: People) -> None:
    page = people.client("rita").post(f"{BASE}/models/new/", {"name": "X", "path": "../secrets"})
    assert "outside the model directory" in page.content.decode()
    assert not ModelVersion.objects.exists()


def test_lineage_of_a_trained_model(people: People) -> None:
    run = make_run(people.project, people.rita)
    write_training(run.job)
    Train().finish(run.job)
    run.refresh_from_db()
    rita = people.client("rita")
    page = rita.get(f"{BASE}/models/{trained_model(run).pk}/").content.decode()
    for link in (f"runs/{run.pk}/", "datasets/1/", f"models/{run.base_model_id}/"):
        assert f"{BASE}/{link}" in page
    base = rita.get(f"{BASE}/models/{run.base_model_id}/").content.decode()
    assert f"{BASE}/models/{trained_model(run).pk}/" in base


def test_one_round_a_model(people: People) -> None:
    first, second = (ModelVersionFactory(project=people.project) for _ in range(2))
    samplers = [SamplerFactory(project=people.project) for _ in range(3)]
    one = round_open(project=people.project, model=first, sampler=samplers[0])
    assert round_open(project=people.project, model=first, sampler=samplers[1]) == one
    assert round_open(project=people.project, model=first, sampler=samplers[1]) == one
    two = round_open(project=people.project, model=second, sampler=samplers[2])
    assert (one.number, two.number, one.samplers.count()) == (1, 2, 2)
    elsewhere = ProjectFactory()
    other = round_open(
        project=elsewhere,
        model=ModelVersionFactory(project=elsewhere),
        sampler=SamplerFactory(project=elsewhere),
    )
    assert other.number == 1


PATHS = ("models/", "models/new/", "models/{pk}/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["alice", "rita", "rob", "anna", "charlie", "anonymous"])
def test_access(people: People, path: str, who: str) -> None:
    model = ModelVersionFactory(project=people.project)
    expected = {"alice": 200, "rita": 200, "anonymous": 302}.get(who, 404)
    assert people.client(who).get(f"{BASE}/{path.format(pk=model.pk)}").status_code == expected


def test_another_projects_model_is_not_found(people: People) -> None:
    model = ModelVersionFactory(project=people.project)
    assert people.client("charlie").get(f"/p/elsewhere/models/{model.pk}/").status_code == 404


def test_empty_list_says_what_to_do(people: People) -> None:
    assert "No model yet" in people.client("rita").get(f"{BASE}/models/").content.decode()


def test_queries_do_not_grow(people: People, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    rita = people.client("rita")
    for _ in range(2):
        model = ModelVersionFactory(project=people.project)
        for path in ("models/", f"models/{model.pk}/"):
            with django_assert_max_num_queries(11):
                assert rita.get(f"{BASE}/{path}").status_code == 200
