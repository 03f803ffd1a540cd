"""Training an estimator: what is asked, what its worker is given, and what is stored of the answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from config.settings.env import BASE_DIR
from curation.models import Judgment, Pair, PairScore, Project, PromptExclusion, ScoreProducer
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, UserFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.test_kinds import answer, begin, inputs
from trainer_bridge.contracts import EstimateSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, write_model
from trainer_bridge.kinds import kind_named
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.score_page import score_page
from trainer_bridge.services.estimate_create import estimate_create

pytestmark = pytest.mark.django_db

URL = "/p/helpfulness/estimate/"
RESULT = {
    "labelled": 10, "estimated": 12, "agree": 7, "contradict": 2, "undecided": 1, "log_loss": 0.5,
    "model_fingerprint": "f1",
}  # fmt: skip


@pytest.fixture
def model(people: People) -> ModelVersion:
    created: ModelVersion = ModelVersionFactory(project=people.project)
    return created


def judged(project: Project, count: int, **prompt: Any) -> list[Pair]:
    """Pairs on which a judge prefers a and b in turn."""
    judge = RaterFactory(project=project)
    pairs = [PairFactory(prompt=PromptFactory(project=project, **prompt)) for _ in range(count)]
    for number, pair in enumerate(pairs):
        JudgmentFactory(pair=pair, rater=judge, preference=2 if number % 2 else -2)
    return pairs


def asked(model: ModelVersion, **changes: object) -> dict[str, object]:
    fields = {"model": model.pk, "method": "mean_probability", "split": "all", "passes": 10, "folds": 4}
    return {**fields, "max_length": 512, "dtype": "float32", **changes}


def job_of(model: ModelVersion, **options: Any) -> Job:
    return estimate_create(project=model.project, user=UserFactory(), model=model, **options)


def row(pair: Pair, **changes: Any) -> dict[str, Any]:
    fields = {"probability": 0.75, "variance": 0.01, "bald": 0.2, "majority": 1, "share": 0.9}
    return {"pair_id": str(pair.pk), **fields, **changes}


def stored() -> dict[tuple[str, str], float]:
    return {(score.scorer, score.direction): score.value for score in PairScore.objects.all()}


def test_it_works(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    client = people.client("rita")
    preview = client.post(URL, asked(model) | {"preview": "1"}).content.decode()
    assert f"4 networks on top of {model}, on a GPU worker, then estimates for 10 pairs." in preview
    assert not Job.objects.exists()
    response = client.post(URL, asked(model))
    job = Job.objects.get()
    assert response.headers["Location"] == reverse("training:job-detail", args=["helpfulness", job.pk])
    assert (job.kind, job.queue, job.title) == ("estimate", "gpu", f"Estimate 10 pairs with {model.name}")
    spec = EstimateSpec.model_validate(job.spec)
    assert (spec.folds, spec.max_length, spec.passes) == (4, 512, 10)
    assert "{left}" in spec.template

    assert begin(job) == 10
    found = inputs(job, "pairs.jsonl")
    assert [each["winner"] for each in found] == ["b", "a"] * 5
    assert [each["prompt_id"] for each in found] == [pair.prompt_id for pair in pairs]
    assert answer(job, "estimates.jsonl", [row(pairs[0])]) == {"pairs_scored": 1}
    assert stored() == {
        ("upo_bald", "both"): 0.2,
        ("upo_probability", "a_over_b"): 0.75,
        ("upo_probability", "b_over_a"): 0.25,
        ("upo_majority", "a_over_b"): 1.0,
        ("upo_majority", "b_over_a"): -1.0,
    }
    assert PairScore.objects.filter(scorer="upo_bald")[0].details == {"variance": 0.01, "share": 0.9}
    (job.out_dir / "result.json").write_text(json.dumps(RESULT))
    result = kind_named(job.kind).finish(job)
    assert result["agree"] == 7
    producer = ScoreProducer.objects.get(scorer="upo_bald")
    assert producer.label == model.name
    assert (producer.details["labels"], producer.details["held_out"]["agree"]) == (10, 7)
    page = client.get("/p/helpfulness/scores/").content.decode()
    assert "10 labelled pairs, right on 7 of 10 it had not seen" in page


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, model: ModelVersion, name: str, status: int) -> None:
    assert people.client(name).get(URL).status_code == status
    people.client(name).post(URL, asked(model))
    assert not Job.objects.exists()  # and without pairs nobody starts one


def test_only_the_train_split_teaches(people: People, model: ModelVersion) -> None:
    train = judged(people.project, 10)
    held_out = judged(people.project, 2, split="eval")
    excluded = judged(people.project, 1)
    PromptExclusion.objects.create(prompt=excluded[0].prompt, reason="spam")
    unjudged = PairFactory(prompt__project=people.project)
    job = job_of(model)
    assert begin(job) == 14
    winners = {int(each["pair_id"]): each["winner"] for each in inputs(job, "pairs.jsonl")}
    assert all(winners[pair.pk] for pair in train)
    assert not any(winners[pair.pk] for pair in [*held_out, *excluded, unjudged])
    # The labelled pairs come along to be learnt from where others are asked about.
    job = job_of(model, split="eval")
    assert begin(job) == 12
    wanted = {int(each["pair_id"]) for each in inputs(job, "pairs.jsonl") if each["wanted"]}
    assert wanted == {pair.pk for pair in held_out}


def test_too_few_labels_and_no_pairs_are_said(people: People, model: ModelVersion) -> None:
    page = people.client("rita").post(URL, asked(model)).content.decode()
    assert "There are no pairs to estimate" in page
    judged(people.project, 9)
    with pytest.raises(JobError, match="There are 9 pairs with a winner in the train split"):
        begin(job_of(model))


def test_a_retry_trains_on_the_labels_of_the_first_attempt(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    job = job_of(model)
    begin(job)
    before = inputs(job, "pairs.jsonl")
    old = Judgment.objects.get(pair=pairs[0])
    JudgmentFactory(pair=pairs[0], rater=old.rater, preference=3, supersedes=old)
    job.offsets["estimates.jsonl"], job.counts["pairs_scored"] = 100, 3
    assert begin(job) == 10
    assert inputs(job, "pairs.jsonl") == before
    assert (job.offsets, job.counts) == ({}, {})


def test_the_same_estimator_estimates_only_what_is_missing(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    first = job_of(model)
    begin(first)
    answer(first, "estimates.jsonl", [row(pair) for pair in pairs])
    model.refresh_from_db()
    assert begin(job_of(model)) == 0
    late = PairFactory(prompt__project=people.project)
    again = job_of(model)
    assert begin(again) == 11
    assert [each["pair_id"] for each in inputs(again, "pairs.jsonl") if each["wanted"]] == [str(late.pk)]
    answer(again, "estimates.jsonl", [row(late)])
    assert ScoreProducer.objects.count() == 3
    # After a new judgment it is another estimator, whose scores never mix with those.
    old = Judgment.objects.get(pair=pairs[0])
    JudgmentFactory(pair=pairs[0], rater=old.rater, preference=3, supersedes=old)
    newer = job_of(model)
    assert begin(newer) == 11
    answer(newer, "estimates.jsonl", [row(late)])
    assert ScoreProducer.objects.count() == 6


def test_other_settings_are_another_estimator(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    first = job_of(model)
    begin(first)
    answer(first, "estimates.jsonl", [row(pair) for pair in pairs])
    model.refresh_from_db()
    assert begin(job_of(model, passes=30)) == 10


def test_a_tie_among_passes_has_no_sign(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    job = job_of(model)
    begin(job)
    answer(job, "estimates.jsonl", [row(pairs[0], majority=0, share=0.5)])
    found = PairScore.objects.filter(scorer="upo_majority")
    assert [str(score.value) for score in found] == ["0.0", "0.0"]


def test_what_is_missing_is_asked_for_with_the_same_settings(people: People, model: ModelVersion) -> None:
    pairs = judged(people.project, 10)
    job = job_of(model, folds=4, max_length=512)
    begin(job)
    answer(job, "estimates.jsonl", [row(pairs[0])])
    rows = {
        card.scorer.name: card.rows for group in score_page(people.project).groups for card in group.cards
    }
    (found,) = rows["upo_bald"]
    assert (found.missing, found.launch, found.obstacle) == (9, "training:estimate-create", "")
    form = people.client("rita").get(f"{URL}?{found.query}").content.decode()
    assert f'value="{model.pk}" selected' in form
    assert 'name="folds" value="4"' in form


def test_a_model_that_is_gone_is_said(people: People, model: ModelVersion) -> None:
    judged(people.project, 10)
    job = job_of(model)
    model.delete()
    with pytest.raises(JobError, match="no longer registered"):
        begin(job)


def test_the_worker_itself(people: People, ml_python: str, tiny_model: Path) -> None:
    """The files of the job, the real worker on a random model, and what is stored of its answer."""
    model = ModelVersionFactory(project=people.project, path=str(tiny_model))
    pairs = judged(people.project, 12)
    job = job_of(model, folds=2)
    job.out_dir.mkdir(parents=True)
    prepared = kind_named(job.kind).prepare(job)
    spec = job.out_dir / "spec.json"
    write_model(spec, prepared.spec)
    command = ["trainer_bridge.workers.estimate", "--spec", str(spec), "--out", str(job.out_dir)]
    subprocess.run([ml_python, "-m", *command], cwd=BASE_DIR, check=True)
    kind = kind_named(job.kind)
    assert kind.ingest(job, Tails(job.out_dir, {})) == {"pairs_scored": 12}
    result = kind.finish(job)
    assert result["labelled"] == result["agree"] + result["contradict"] + result["undecided"] == 12
    directions = PairScore.objects.filter(pair=pairs[0], scorer="upo_probability").values_list(
        "direction", "value"
    )
    assert sum(value for _, value in directions) == pytest.approx(1)
    model.refresh_from_db()
    assert begin(job_of(model, folds=2)) == 0
