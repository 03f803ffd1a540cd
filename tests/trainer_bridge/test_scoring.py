"""Asking for scores in the browser: which scorers, under which model, as which jobs."""

from __future__ import annotations

from functools import partial
from typing import get_args

import pytest
from django.urls import reverse
from pydantic import ValidationError

from curation.scorers import TEXTS
from tests.conftest import People
from tests.factories import PairFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from trainer_bridge.contracts import Computation, ScoreSpec, TextScoreSpec
from trainer_bridge.errors import JobError
from trainer_bridge.models import Job
from trainer_bridge.services.job_create import scoring_create, scorings_create, text_scoring_create

pytestmark = pytest.mark.django_db

SCORE = "/p/helpfulness/score/"


def asked(**changes: object) -> dict[str, object]:
    return {"split": "all", "max_length": 256, "dtype": "bfloat16", **changes}


def test_it_works(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project)
    fields = asked(model=model.pk, hidden_states=["ches"])
    client = people.client("rita")
    preview = client.post(SCORE, fields | {"preview": "1"}).content.decode()
    assert f"CHES and ln-CHES for 1 pairs under {model}, on a GPU worker. Pairs that have" in preview
    assert not Job.objects.exists()
    response = client.post(SCORE, fields)
    job = Job.objects.get()
    assert response.headers["Location"] == reverse("training:job-detail", args=["helpfulness", job.pk])
    spec = ScoreSpec.model_validate(job.spec)
    assert (spec.dtype, spec.max_length, spec.scorers) == ("bfloat16", 256, ["ches"])
    assert (job.queue, job.kind) == ("gpu", Job.Kind.SCORE)


@pytest.mark.parametrize("name", ["rob", "anna", "charlie", "anonymous"])
def test_it_checks_access(people: People, name: str) -> None:
    PairFactory(prompt__project=people.project)
    response = people.client(name).post(SCORE, asked(text=["length_gap"]))
    assert response.status_code == (302 if name == "anonymous" else 404)
    assert not Job.objects.exists()


def test_texts_alone_need_no_model(people: People) -> None:
    PairFactory(prompt__project=people.project)
    client = people.client("rita")
    fields = asked(text=["length_gap", "refusal"])
    preview = client.post(SCORE, fields | {"preview": "1"}).content.decode()
    assert "Length gap, Refusal for 1 pairs, from their texts, on a CPU worker. Pairs" in preview
    client.post(SCORE, fields)
    job = Job.objects.get()
    assert (job.kind, job.queue, job.title) == ("score_texts", "cpu", "Score 1 pairs by their texts")
    assert TextScoreSpec.model_validate(job.spec).scorers == ["length_gap", "refusal"]


def test_one_form_may_start_two_jobs(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project)
    fields = asked(text=["length_gap"], hidden_states=["ches"], model=model.pk)
    response = people.client("rita").post(SCORE, fields, follow=True)
    assert response.redirect_chain[0][0] == reverse("training:job-list", args=["helpfulness"])
    assert "2 jobs are queued" in response.content.decode()
    assert set(Job.objects.values_list("kind", "queue")) == {("score_texts", "cpu"), ("score_pairs", "gpu")}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose at least one score"),
        ({"hidden_states": ["ches"]}, "The scores chosen need a model"),
        ({"text": ["ches"]}, "Select a valid choice"),
        ({"hidden_states": ["length_gap"]}, "Select a valid choice"),
        ({"text": ["length_gap"], "max_length": 1}, "greater than or equal to 8"),
    ],
)
def test_what_cannot_work_is_refused_in_words(people: People, fields: dict[str, object], words: str) -> None:
    PairFactory(prompt__project=people.project)
    page = people.client("rita").post(SCORE, asked(**fields)).content.decode()
    assert words in page
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (None, "The scores of two models need a second one"),
        ("itself", "has the very weights of the first"),
        ("directory", "has the very weights of the first"),
        ("weights", "has the very weights of the first"),
        ("stranger", "Select a valid choice"),
    ],
)
def test_a_second_model_that_will_not_do_is_refused_in_words(
    people: People, which: str | None, words: str
) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project, path="/models/one", fingerprint="f")
    seconds = {
        None: None,
        "itself": model,
        "directory": ModelVersionFactory(project=people.project, path="/models/one"),
        "weights": ModelVersionFactory(project=people.project, path="/models/two", fingerprint="f"),
        "stranger": ModelVersionFactory(path="/models/three"),
    }
    second = seconds[which]
    fields = asked(model=model.pk, two_models=["log_ratio"], reference=second.pk if second else "")
    page = people.client("rita").post(SCORE, fields).content.decode()
    assert words in page
    assert not Job.objects.exists()


def test_a_second_model_is_left_out_where_no_score_needs_it(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model, second = ModelVersionFactory.create_batch(2, project=people.project)
    fields = asked(model=model.pk, reference=second.pk, hidden_states=["ches"])
    people.client("rita").post(SCORE, fields)
    job = Job.objects.get()
    assert (job.spec["reference"], job.inputs["reference"]) == ("", None)
    assert "against" not in job.title


def test_the_services_refuse_as_the_form_does(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project)
    create = partial(
        scoring_create, project=people.project, user=people.rita, model=model, computations=["log_ratio"]
    )
    with pytest.raises(JobError, match="compares two models"):
        create()
    with pytest.raises(JobError, match="very weights of the first"):
        create(reference=model)
    with pytest.raises(ValidationError, match="needs the file of the pairs"):
        ScoreSpec(model="m", pairs="p", scorers=["lora_entanglement"])


def test_scoring_without_pairs_says_what_comes_first(people: People) -> None:
    page = people.client("rita").post(SCORE, asked(text=["length_gap"])).content.decode()
    assert "build pairs" in page
    assert not Job.objects.exists()


def test_neither_job_is_made_where_one_cannot_be(people: People) -> None:
    PairFactory(prompt__project=people.project)
    both = {"texts": ["length_gap"], "computations": ["ches"]}
    with pytest.raises(JobError, match="Choose the model"):
        scorings_create(project=people.project, user=people.rita, **both)  # type: ignore[arg-type]
    assert not Job.objects.exists()


def test_a_model_scorer_is_no_text_scorer(people: People) -> None:
    PairFactory(prompt__project=people.project)
    with pytest.raises(JobError, match="ches cannot be computed from texts; choose from: length_gap"):
        text_scoring_create(project=people.project, user=people.rita, scorers=["ches"])


def test_a_link_ticks_its_scorer_and_settings(people: People) -> None:
    model = ModelVersionFactory(project=people.project)
    client = people.client("rita")
    plain = client.get(SCORE).content.decode()
    assert 'value="ches" id="id_hidden_states_0" checked' in plain
    assert plain.count(" checked") == 1
    link = f"{SCORE}?scorer=refusal&model={model.pk}&reference={model.pk}&max_length=64&dtype=bfloat16"
    page = client.get(link).content.decode()
    assert 'value="refusal"' in page
    assert page.count(" checked") == 1
    assert page.count(f'value="{model.pk}" selected') == 2
    assert 'value="bfloat16" selected' in page
    assert 'value="64"' in page
    chosen = client.get(f"{SCORE}?scorer=ln_ches&scorer=length_gap").content.decode()
    assert chosen.count(" checked") == 2


def test_every_text_scorer_can_be_chosen(people: People) -> None:
    PairFactory(prompt__project=people.project)
    people.client("rita").post(SCORE, asked(text=list(TEXTS)))
    assert Job.objects.get().spec["scorers"] == list(TEXTS)


def test_every_computation_can_be_chosen(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project)
    second = ModelVersionFactory(project=people.project, path="/models/other")
    groups = {
        "tokens": ["token_edit"],
        "hidden_states": ["ches", "last_hidden_ip", "angle"],
        "log_probabilities": ["logprob", "entanglement"],
        "two_models": ["log_ratio"],
        "gradients": ["lora_entanglement"],
    }
    client = people.client("rita")
    fields = asked(model=model.pk, reference=second.pk, sample_pairs=5, **groups)
    preview = client.post(SCORE, fields | {"preview": "1"}).content.decode()
    assert "Perplexity gap and On-policy-ness, Gradient entanglement" in preview
    assert f"for 1 pairs under {model} against {second}, on a GPU worker." in preview
    assert f"LoRA gradient entanglement for 1 of 1 pairs under {model}." in preview
    client.post(SCORE, fields)
    job = Job.objects.get()
    spec = ScoreSpec.model_validate(job.spec)
    assert set(spec.scorers) == set(get_args(Computation))
    assert (spec.reference, spec.sample) == ("/models/other", "sample.jsonl")
    assert (job.inputs["reference"], job.inputs["sample_pairs"]) == (second.pk, 5)
    assert job.title == f"Score 1 pairs with {model} against {second}"


def test_tokens_are_counted_on_a_cpu_worker_and_need_a_model(people: People) -> None:
    PairFactory(prompt__project=people.project)
    model = ModelVersionFactory(project=people.project)
    client = people.client("rita")
    fields = asked(tokenizer=["shared_tokens"])
    assert "need a model" in client.post(SCORE, fields).content.decode()
    preview = client.post(SCORE, fields | {"model": model.pk, "preview": "1"}).content.decode()
    assert f"Tokens in common for 1 pairs by the tokenizer of {model}, on a CPU worker." in preview
    client.post(SCORE, fields | {"model": model.pk})
    job = Job.objects.get()
    assert (job.kind, job.queue, job.inputs["model"]) == ("score_tokens", "cpu", model.pk)
