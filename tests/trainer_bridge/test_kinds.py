"""What each kind writes for its worker, and what it stores of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from curation.models import (
    Judgment,
    Pair,
    PairScore,
    Prompt,
    PromptExclusion,
    Response,
    Sampler,
    ScoreProducer,
)
from judges.models import Judge, RubricVersion, Verdict
from tests.factories import PairFactory, ProjectFactory, PromptFactory, RaterFactory, UserFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from trainer_bridge.contracts import Sampling
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails
from trainer_bridge.kinds import KINDS, kind_named
from trainer_bridge.models import Job, ModelVersion, Round
from trainer_bridge.services.evaluation_create import prompt_ids
from trainer_bridge.services.job_create import generation_create, judging_create, scoring_create

pytestmark = pytest.mark.django_db

ENVIRONMENT = {"model_fingerprint": "f1", "template_hash": "t1", "device_name": "CPU"}


@pytest.fixture
def model() -> ModelVersion:
    project = ProjectFactory()
    PromptFactory.create_batch(2, project=project)
    created: ModelVersion = ModelVersionFactory(project=project)
    return created


def begin(job: Job) -> int:
    """Prepare the job's folder; how much is left."""
    job.out_dir.mkdir(parents=True, exist_ok=True)
    return kind_named(job.kind).prepare(job).total


def write(job: Job, name: str, rows: list[dict[str, Any]]) -> None:
    with (job.out_dir / name).open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def answer(job: Job, name: str, rows: list[dict[str, Any]], **environment: str) -> dict[str, int]:
    """The worker reports itself and writes rows; what was stored of them."""
    (job.out_dir / "environment.json").write_text(json.dumps(ENVIRONMENT | environment))
    write(job, name, rows)
    return kind_named(job.kind).ingest(job, Tails(job.out_dir, {}))


def inputs(job: Job, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (job.out_dir / name).read_text().splitlines()]


def test_every_kind_is_registered() -> None:
    assert set(KINDS) == set(Job.Kind.values)
    for name in KINDS:
        assert kind_named(name).worker


# ── generate ─────────────────────────────────────────────────────────────────


def generation(model: ModelVersion, n: int = 2) -> Job:
    return generation_create(project=model.project, user=UserFactory(), model=model, sampling=Sampling(n=n))


def draws(job: Job) -> list[dict[str, Any]]:
    return [
        {"prompt_id": row["prompt_id"], "sample_index": index, "text": f"Answer {index}."}
        for row in inputs(job, "prompts.jsonl")
        for index in range(job.spec["sampling"]["n"])
        if index not in row["have"]
    ]


def test_sampling_names_the_sampler_and_opens_a_round(model: ModelVersion) -> None:
    job = generation(model)
    assert begin(job) == 4
    assert answer(job, "responses.jsonl", draws(job)) == {"created": 4, "existing": 0, "unknown": 0}
    sampler = Sampler.objects.get()
    assert (sampler.model_name, sampler.revision, sampler.template_hash) == (model.name, "f1", "t1")
    assert "n" not in sampler.params
    assert sampler.params["dtype"] == "float32"
    model.refresh_from_db()
    assert model.fingerprint == "f1"
    assert list(Round.objects.get(model=model).samplers.all()) == [sampler]
    assert answer(job, "responses.jsonl", [])["existing"] == 4


def test_excluded_prompts_are_left_out_and_counted(model: ModelVersion) -> None:
    out, kept = Prompt.objects.filter(project=model.project)
    PromptExclusion.objects.create(prompt=out, reason="Spam")
    job = generation(model)
    assert "for 1 train prompts, 1 excluded ones left out" in job.title
    assert begin(job) == 2
    assert [row["prompt_id"] for row in inputs(job, "prompts.jsonl")] == [str(kept.pk)]
    assert prompt_ids(model.project, "train", 10) == [kept.pk]
    PromptExclusion.objects.create(prompt=kept, reason="Spam")
    with pytest.raises(JobError, match="All of them are excluded"):
        generation(model)


def test_more_draws_are_added_to_those_that_exist(model: ModelVersion) -> None:
    first = generation(model)
    begin(first)
    answer(first, "responses.jsonl", draws(first))
    second = generation(model, n=3)
    assert begin(second) == 2
    assert [row["have"] for row in inputs(second, "prompts.jsonl")] == [[0, 1], [0, 1]]
    answer(second, "responses.jsonl", draws(second))
    assert (Sampler.objects.count(), Response.objects.count()) == (1, 6)


def test_nothing_is_stored_before_the_worker_says_what_it_is(model: ModelVersion) -> None:
    job = generation(model)
    begin(job)
    write(job, "responses.jsonl", draws(job))
    tails = Tails(job.out_dir, {})
    assert kind_named(job.kind).ingest(job, tails) == {}
    assert tails.offsets == {}


def test_files_that_changed_since_registration_are_refused(model: ModelVersion) -> None:
    first = generation(model)
    begin(first)
    answer(first, "responses.jsonl", draws(first))
    second = generation(model, n=3)
    begin(second)
    with pytest.raises(JobError, match="changed since it was registered"):
        answer(second, "responses.jsonl", draws(second), model_fingerprint="f2")
    third = generation(model, n=3)
    begin(third)
    with pytest.raises(JobError, match="chat template"):
        answer(third, "responses.jsonl", draws(third), template_hash="t2")


# ── score ────────────────────────────────────────────────────────────────────

SCORES = {
    "dot_ab": 1.0,
    "norm2_a": 2.0,
    "norm2_b": 3.0,
    "n_a": 4,
    "n_b": 5,
    "ches_a_over_b": -1.0,
    "ches_b_over_a": -2.0,
    "ln_ches_a_over_b": -0.1,
    "ln_ches_b_over_a": -0.2,
}


def test_scoring_stores_both_scorers_in_both_directions(model: ModelVersion) -> None:
    pair = PairFactory(prompt__project=model.project)
    job = scoring_create(project=model.project, user=UserFactory(), model=model)
    assert begin(job) == 1
    assert inputs(job, "pairs.jsonl")[0]["response_a"] == pair.response_a.text
    assert answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}]) == {"scores_stored": 2}
    stored = {(score.scorer, score.direction): score.value for score in PairScore.objects.all()}
    assert stored == {
        ("ches", "a_over_b"): -1.0,
        ("ches", "b_over_a"): -2.0,
        ("ln_ches", "a_over_b"): -0.1,
        ("ln_ches", "b_over_a"): -0.2,
    }
    assert ScoreProducer.objects.get(scorer="ches").details == {
        "model_fingerprint": "f1",
        "template_hash": "t1",
        "dtype": "float32",
        "max_length": 512,
        "version": 1,
    }


def test_scored_pairs_are_left_out_next_time_but_not_for_other_settings(model: ModelVersion) -> None:
    pair = PairFactory(prompt__project=model.project)
    user = UserFactory()
    job = scoring_create(project=model.project, user=user, model=model)
    begin(job)
    answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    assert begin(scoring_create(project=model.project, user=user, model=model)) == 0
    shorter = scoring_create(project=model.project, user=user, model=model, max_length=256)
    assert begin(shorter) == 1
    answer(shorter, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    assert ScoreProducer.objects.count() == 4


# ── judge ────────────────────────────────────────────────────────────────────


@pytest.fixture
def judge(model: ModelVersion) -> Judge:
    PairFactory.create_batch(2, prompt__project=model.project)
    rubric = RubricVersion.objects.create(
        project=model.project,
        name="Helpfulness",
        template="{prompt} {left} {right}",
        verdicts=["A", "B"],
        content_hash="0" * 64,
    )
    return Judge.objects.create(
        project=model.project,
        rater=RaterFactory(project=model.project),
        name="Tiny",
        rubric=rubric,
        backend="transformers",
        model_name=model.path,
    )


def verdict(pair: Pair, left: str, **changes: Any) -> dict[str, Any]:
    row = {"pair_id": str(pair.pk), "left": left, "parsed": True, "p_left": 0.9, "mass": 0.8}
    return row | {"logprob_left": -0.1, "logprob_right": -2.3, "raw_text": "A", "error": ""} | changes


def test_judging_stores_verdicts_and_asks_only_for_missing_ones(judge: Judge) -> None:
    first, second = Pair.objects.order_by("pk")
    job = judging_create(judge=judge, user=UserFactory())
    assert begin(job) == 4
    unparsed = verdict(first, "b", parsed=False, p_left=None)
    counts = answer(job, "verdicts.jsonl", [verdict(first, "a"), unparsed])
    assert (counts["created"], counts["unparsed"]) == (1, 1)
    assert (Verdict.objects.count(), Judgment.objects.count()) == (2, 1)
    assert kind_named(job.kind).finish(job) == {"verdicts": 2, "unparsed": 1}
    again = judging_create(judge=judge, user=UserFactory())
    assert begin(again) == 2
    assert [row["pair_id"] for row in inputs(again, "pairs.jsonl")] == [str(second.pk)]


def test_a_judge_keeps_its_weights(judge: Judge) -> None:
    pair = Pair.objects.earliest("pk")
    job = judging_create(judge=judge, user=UserFactory())
    begin(job)
    answer(job, "verdicts.jsonl", [verdict(pair, "a")])
    judge.refresh_from_db()
    assert judge.model_fingerprint == "f1"
    with pytest.raises(JobError, match="Make a new version of the judge"):
        answer(job, "verdicts.jsonl", [verdict(pair, "b")], model_fingerprint="f2")


def test_nothing_left_to_judge_is_said(judge: Judge) -> None:
    job = judging_create(judge=judge, user=UserFactory())
    begin(job)
    answer(job, "verdicts.jsonl", [verdict(pair, left) for pair in Pair.objects.all() for left in "ab"])
    with pytest.raises(JobError, match="has judged every pair"):
        judging_create(judge=judge, user=UserFactory())


# ── files ────────────────────────────────────────────────────────────────────


def test_only_whole_lines_are_handed_out_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n{"a": ')
    tails = Tails(tmp_path, {})
    assert tails.rows("rows.jsonl") == [{"a": 1}]
    assert tails.rows("rows.jsonl") == []
    with path.open("a") as file:
        file.write("2}\n")
    assert Tails(tmp_path, tails.offsets).rows("rows.jsonl") == [{"a": 2}]
    path.write_text('{"b": 1}\n')
    assert Tails(tmp_path, {"rows.jsonl": 999}).rows("rows.jsonl") == [{"b": 1}]
    assert tails.rows("absent.jsonl") == []


def test_large_files_come_in_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer_bridge.files.READ_BYTES", 16)
    long = "x" * 50
    (tmp_path / "rows.jsonl").write_text(f'{{"a": 1}}\n{{"a": "{long}"}}\n{{"a": 3}}\n')
    tails = Tails(tmp_path, {})
    seen = []
    while rows := tails.rows("rows.jsonl"):
        seen += rows
    assert [row["a"] for row in seen] == [1, long, 3]


def test_a_job_is_queued_before_it_is_sent(model: ModelVersion) -> None:
    job = generation(model)
    assert (job.state, job.sent_at, job.attempt) == ("queued", None, 0)
    assert job.created_at <= timezone.now()
