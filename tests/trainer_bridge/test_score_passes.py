"""Scoring jobs with passes of their own: a second model, a sample of pairs, and what cannot be done."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.settings.env import BASE_DIR
from curation.models import Pair, PairScore, Prompt, ScoreProducer
from curation.scorers import computed_by
from tests.conftest import People
from tests.factories import PairFactory, ProjectFactory, UserFactory
from tests.trainer_bridge.fakes import JobFactory, ModelVersionFactory
from tests.trainer_bridge.test_kinds import SCORES, answer, begin, inputs, write
from tests.trainer_bridge.test_score_kinds import values
from trainer_bridge.contracts import ScoreSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, write_model
from trainer_bridge.kinds import kind_named
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.job_create import scoring_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    found: Pair = PairFactory(prompt__project=ProjectFactory())
    return found


@pytest.fixture
def model(pair: Pair) -> ModelVersion:
    created: ModelVersion = ModelVersionFactory(project=pair.prompt.project, name="tuned", path="/tuned")
    return created


@pytest.fixture
def second(pair: Pair) -> ModelVersion:
    created: ModelVersion = ModelVersionFactory(project=pair.prompt.project, name="base", path="/base")
    return created


def scoring(model: ModelVersion, *computations: str, **options: Any) -> Job:
    return scoring_create(
        project=model.project, user=UserFactory(), model=model, computations=computations, **options
    )


def spec_of(job: Job) -> ScoreSpec:
    job.out_dir.mkdir(parents=True, exist_ok=True)
    prepared = kind_named(job.kind).prepare(job)
    assert isinstance(prepared.spec, ScoreSpec)
    return prepared.spec


def ratios(pair: Pair) -> dict[str, Any]:
    return values(pair, implicit_reward_gap=2.0, mean_implicit_reward_gap=0.5)


# ── two models ───────────────────────────────────────────────────────────────


def test_it_works(pair: Pair, model: ModelVersion, second: ModelVersion) -> None:
    job = scoring(model, "log_ratio", reference=second)
    assert begin(job) == 2  # each pair once under each model
    row = ratios(pair)
    assert answer(job, "log_ratio.jsonl", [row], reference_fingerprint="f2") == {"scores_stored": 2}
    scores = PairScore.objects.filter(scorer="implicit_reward_gap")
    assert {score.direction: score.value for score in scores} == {"a_over_b": 2.0, "b_over_a": -2.0}
    producer = scores[0].producer
    assert producer.label == "tuned against base"
    assert producer.details["model_fingerprint"] == "f1"
    assert producer.details["reference_fingerprint"] == "f2"
    second.refresh_from_db()
    assert second.fingerprint == "f2"
    assert begin(scoring(model, "log_ratio", reference=second)) == 0


def test_another_reference_makes_other_scores(pair: Pair, model: ModelVersion, second: ModelVersion) -> None:
    first = scoring(model, "log_ratio", reference=second)
    begin(first)
    answer(first, "log_ratio.jsonl", [ratios(pair)], reference_fingerprint="f2")
    other = ModelVersionFactory(project=model.project, path="/other", fingerprint="f3")
    again = scoring(model, "log_ratio", reference=other)
    assert begin(again) == 2
    answer(again, "log_ratio.jsonl", [ratios(pair)], reference_fingerprint="f3")
    assert ScoreProducer.objects.filter(scorer="implicit_reward_gap").count() == 2


def test_scores_of_one_model_do_not_depend_on_the_second(
    pair: Pair, model: ModelVersion, second: ModelVersion
) -> None:
    job = scoring(model, "ches", "log_ratio", reference=second)
    begin(job)
    write(job, "log_ratio.jsonl", [ratios(pair)])
    row = {"pair_id": str(pair.pk), **SCORES}
    assert answer(job, "scores.jsonl", [row], reference_fingerprint="f2") == {"scores_stored": 4}
    assert "reference_fingerprint" not in ScoreProducer.objects.get(scorer="ches").details
    assert begin(scoring(model, "ches")) == 0


def test_a_second_model_that_is_gone_takes_only_its_own_scores(
    pair: Pair, model: ModelVersion, second: ModelVersion
) -> None:
    job = scoring(model, "ches", "log_ratio", reference=second)
    alone = scoring(model, "log_ratio", reference=second)
    second.delete()
    assert spec_of(job).scorers == ["ches"]
    answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    (refused,) = kind_named(job.kind).finish(job)["refused"]
    assert refused["scores"] == "Implicit reward gap and Mean implicit reward gap"
    assert "no longer registered" in refused["reason"]
    with pytest.raises(JobError, match="second model is no longer registered"):
        begin(alone)


def test_a_second_model_whose_files_changed_takes_only_its_own_scores(
    pair: Pair, model: ModelVersion, second: ModelVersion
) -> None:
    ModelVersion.objects.filter(pk=second.pk).update(fingerprint="f2")
    job = scoring(model, "ches", "log_ratio", reference=second)
    begin(job)
    write(job, "log_ratio.jsonl", [ratios(pair)])
    answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}], reference_fingerprint="f9")
    assert set(PairScore.objects.values_list("scorer", flat=True)) == {"ches", "ln_ches"}
    (refused,) = kind_named(job.kind).finish(job)["refused"]
    assert "files of base changed since it was registered" in refused["reason"]


def test_the_worker_itself(
    pair: Pair, model: ModelVersion, second: ModelVersion, ml_python: str, tiny_model: Path
) -> None:
    """The files of the job, the real worker without its second model, and what is stored of its answer."""
    ModelVersion.objects.filter(pk=model.pk).update(path=str(tiny_model))
    model.refresh_from_db()
    job = scoring(model, "log_ratio", "lora_entanglement", "ches", "logprob", "angle", reference=second)
    write_model(job.out_dir / "spec.json", spec_of(job))
    command = ["trainer_bridge.workers.score_pairs", "--spec", str(job.out_dir / "spec.json")]
    subprocess.run([ml_python, "-m", *command, "--out", str(job.out_dir)], cwd=BASE_DIR, check=True)
    assert kind_named(job.kind).ingest(job, Tails(job.out_dir, {})) == {"scores_stored": 8}
    expected = {
        scorer.name
        for name in ("lora_entanglement", "ches", "logprob", "angle")
        for scorer in computed_by(name)
    }
    assert set(PairScore.objects.values_list("scorer", flat=True)) == expected
    (refused,) = kind_named(job.kind).finish(job)["refused"]
    assert "There is no model in /base" in refused["reason"]
    again = scoring(model, "lora_entanglement", "ches", "logprob", "angle")
    assert begin(again) == 0


# ── what the worker refuses ──────────────────────────────────────────────────


def refuse(job: Job, **reasons: str) -> None:
    (job.out_dir / "refused.json").write_text(json.dumps({"reasons": reasons}))


def test_what_the_worker_refuses_has_no_producer_and_the_rest_is_stored(
    pair: Pair, model: ModelVersion
) -> None:
    job = scoring(model, "logprob", "ches")
    begin(job)
    refuse(job, logprob="This model's head does more.")
    row = {"pair_id": str(pair.pk), **SCORES}
    assert answer(job, "scores.jsonl", [row]) == {"scores_stored": 2}
    assert set(job.inputs["producers"]) == {"ches", "ln_ches"}
    (refused,) = kind_named(job.kind).finish(job)["refused"]
    assert refused["scores"].startswith("Log-probability gap, ")
    assert refused["reason"] == "This model's head does more."


def test_a_second_attempt_may_do_what_the_first_refused(pair: Pair, model: ModelVersion) -> None:
    job = scoring(model, "ches", "logprob")
    begin(job)
    refuse(job, logprob="The disk was away.")
    answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    assert spec_of(job).scorers == ["logprob"]
    refuse(job)
    answer(job, "logprob.jsonl", [values(pair, logp_gap=1.0, mean_logp_gap=1.0)])
    assert {"ches", "logp_gap"} <= set(job.inputs["producers"])
    assert "refused" not in kind_named(job.kind).finish(job)
    assert PairScore.objects.filter(scorer="logp_gap").count() == 2


def test_the_job_s_page_says_what_was_not_computed(people: People) -> None:
    refused = {"scores": "Angle concentration", "reason": "No <mlp> there."}
    job = JobFactory(project=people.project, kind="score_pairs", state="done", result={"refused": [refused]})
    page = people.client("rita").get(f"/p/helpfulness/jobs/{job.pk}/").content.decode()
    assert "Not every score could be computed; the others were." in page
    assert "<strong>Angle concentration</strong>: No &lt;mlp&gt; there." in page


# ── samples ──────────────────────────────────────────────────────────────────


def test_only_a_sample_is_given_to_gradients(pair: Pair, model: ModelVersion) -> None:
    PairFactory.create_batch(9, prompt__project=model.project)
    job = scoring(model, "ches", "lora_entanglement", sample_pairs=4)
    assert begin(job) == 10 + 4
    assert len(inputs(job, "pairs.jsonl")) == 10
    drawn = [row["pair_id"] for row in inputs(job, "sample.jsonl")]
    assert len(drawn) == 4
    rows = [
        {"pair_id": pk, "scores": [{"scorer": "lora_entanglement", "version": 1, "value": 0.5}]}
        for pk in drawn
    ]
    write(job, "lora_entanglement.jsonl", rows)
    answer(job, "scores.jsonl", [])
    assert PairScore.objects.filter(scorer="lora_entanglement", direction="both").count() == 4

    larger = scoring(model, "lora_entanglement", sample_pairs=6)
    assert begin(larger) == 2
    more = [row["pair_id"] for row in inputs(larger, "sample.jsonl")]
    assert len(more) == 2
    assert not {*drawn} & {*more}
    assert begin(scoring(model, "lora_entanglement", sample_pairs=4)) == 0


def test_a_sample_is_of_the_split_and_always_the_same(pair: Pair, model: ModelVersion) -> None:
    PairFactory.create_batch(5, prompt__project=model.project, prompt__split=Prompt.Split.EVAL)
    pairs = Pair.objects.for_project(model.project).filter(prompt__split="eval")
    three, five = (set(pairs.sampled(n).values_list("pk", flat=True)) for n in (3, 50))
    assert len(three) == 3
    assert three < five == set(pairs.values_list("pk", flat=True))
    job = scoring(model, "lora_entanglement", split="eval", sample_pairs=3)
    begin(job)
    assert {int(row["pair_id"]) for row in inputs(job, "sample.jsonl")} == three
    assert inputs(job, "pairs.jsonl") == []
