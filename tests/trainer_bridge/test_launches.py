"""Launching from the browser: what would happen, what is refused, what is queued."""

from __future__ import annotations

import pytest
from django.urls import reverse

from judges.models import Judge, RubricVersion
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory, RaterFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from trainer_bridge.contracts import GenerateSpec, JudgeSpec
from trainer_bridge.models import Job

pytestmark = pytest.mark.django_db

SAMPLE = "/p/helpfulness/sample/"


def sampling(**changes: object) -> dict[str, object]:
    return {
        "split": "train",
        "n": 2,
        "temperature": 0.8,
        "top_p": 0.95,
        "max_tokens": 64,
        "seed": "",
        "dtype": "float32",
        "batch_size": 16,
        **changes,
    }


ENDPOINT = {"base_url": "http://localhost:8000/v1", "model_name": "served"}


@pytest.fixture
def judge(people: People) -> Judge:
    rubric = RubricVersion.objects.create(
        project=people.project,
        name="Helpfulness",
        template="{prompt} {left} {right}",
        verdicts=["A", "B"],
        content_hash="0" * 64,
    )
    return Judge.objects.create(
        project=people.project,
        rater=RaterFactory(project=people.project),
        name="Tiny",
        rubric=rubric,
        backend="transformers",
        model_name="/models/tiny",
        params={"batch_size": 4},
    )


def test_sampling_from_registered_weights(people: People) -> None:
    PromptFactory.create_batch(3, project=people.project)
    model = ModelVersionFactory(project=people.project)
    client = people.client("rita")
    assert f'value="{model.pk}" selected' in client.get(f"{SAMPLE}?model={model.pk}").content.decode()
    response = client.post(SAMPLE, sampling(model=model.pk))
    job = Job.objects.get()
    assert response.headers["Location"] == reverse("training:job-detail", args=["helpfulness", job.pk])
    spec = GenerateSpec.model_validate(job.spec)
    assert (spec.backend, spec.model, spec.sampling.n, spec.sampling.seed) == (
        "transformers",
        "/models/tiny",
        2,
        None,
    )
    assert (job.state, job.queue, job.created_by) == ("queued", "gpu", people.rita)
    assert job.title == f"Sample 2 × {model.name} for 3 train prompts"


def test_sampling_from_an_endpoint_leaves_the_accelerator_free(people: People) -> None:
    PromptFactory(project=people.project)
    people.client("rita").post(SAMPLE, sampling(**ENDPOINT))
    assert (Job.objects.get().queue, Job.objects.get().spec["base_url"]) == ("cpu", ENDPOINT["base_url"])


def test_a_preview_starts_nothing(people: People) -> None:
    PromptFactory.create_batch(3, project=people.project)
    page = people.client("rita").post(SAMPLE, sampling(**ENDPOINT, preview="1")).content.decode()
    assert "6 responses: 2 for each of 3 train prompts." in page
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose registered weights, or give an endpoint"),
        ({**ENDPOINT, "n": 65}, "less than or equal to 64"),
        ({**ENDPOINT, "temperature": 0}, "the same answer every time"),
        ({**ENDPOINT, "base_url": "file:///etc/passwd"}, "Enter a valid URL"),
        ({**ENDPOINT, "split": "eval"}, "There are no eval prompts"),
    ],
)
def test_what_cannot_work_is_refused_in_words(people: People, fields: dict[str, object], words: str) -> None:
    PromptFactory(project=people.project)
    page = people.client("rita").post(SAMPLE, sampling(**fields)).content.decode()
    assert words in page.replace("&#x27;", "'")
    assert not Job.objects.exists()


def test_a_model_of_another_project_cannot_be_sampled(people: People) -> None:
    PromptFactory(project=people.project)
    foreign = ModelVersionFactory()
    page = people.client("rita").post(SAMPLE, sampling(model=foreign.pk)).content.decode()
    assert "Select a valid choice" in page


def test_judging(people: People, judge: Judge) -> None:
    PairFactory(prompt__project=people.project)
    client = people.client("rita")
    url = f"/p/helpfulness/judges/{judge.pk}/run/"
    assert "2 verdicts by Tiny v1" in client.post(url, {"split": "all", "preview": "1"}).content.decode()
    client.post(url, {"split": "all"})
    spec = JudgeSpec.model_validate(Job.objects.get().spec)
    assert (spec.batch_size, spec.verdicts, spec.pairs) == (4, ("A", "B"), "pairs.jsonl")


@pytest.mark.parametrize("name", ["rob", "anna", "charlie", "anonymous"])
def test_judging_checks_access(people: People, judge: Judge, name: str) -> None:
    response = people.client(name).post(f"/p/helpfulness/judges/{judge.pk}/run/", {"split": "all"})
    assert response.status_code == (302 if name == "anonymous" else 404)
    assert not Job.objects.exists()


@pytest.mark.parametrize("rows", [1, 10])
def test_the_form_costs_the_same_for_many(
    people: People, judge: Judge, rows: int, django_assert_max_num_queries: object
) -> None:
    for _ in range(rows):
        PairFactory(prompt__project=people.project)
        ModelVersionFactory(project=people.project)
    client = people.client("rita")
    for path in ("sample/", "score/", f"judges/{judge.pk}/run/"):
        with django_assert_max_num_queries(8):  # type: ignore[operator]  # a pytest-django fixture
            client.get(f"/p/helpfulness/{path}")
