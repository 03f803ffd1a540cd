"""What scoring jobs give their workers, and what they store of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from config.settings.env import BASE_DIR
from curation import scorers
from curation.algorithms.word_lists import word_list
from curation.models import Pair, PairScore, Response, ScoreProducer
from curation.scorers.offensive import english_words
from tests.factories import PairFactory, ProjectFactory, UserFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.test_kinds import SCORES, answer, begin, inputs
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails, read_json, write_model
from trainer_bridge.kinds import kind_named
from trainer_bridge.models import Job, ModelVersion
from trainer_bridge.services.job_create import scoring_create, text_scoring_create, token_counting_create

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair() -> Pair:
    project = ProjectFactory()
    found: Pair = PairFactory(prompt__project=project)
    return found


def texts_job(pair: Pair, *names: str) -> Job:
    return text_scoring_create(
        project=pair.prompt.project, user=UserFactory(), scorers=names or ["length_gap", "text_likeness"]
    )


def values(pair: Pair, version: int = 1, **scores: float) -> dict[str, Any]:
    found = [{"scorer": name, "version": version, "value": value} for name, value in scores.items()]
    return {"pair_id": str(pair.pk), "scores": found}


def stored() -> dict[tuple[str, str], float]:
    return {(score.scorer, score.direction): score.value for score in PairScore.objects.all()}


# ── texts ────────────────────────────────────────────────────────────────────


def test_texts_are_scored_in_each_direction_or_both(pair: Pair) -> None:
    job = texts_job(pair)
    kind = kind_named(job.kind)
    assert (kind.python(job), kind.queue(job.spec)) == (sys.executable, "cpu")
    assert begin(job) == 1
    row = values(pair, length_gap=3.0, text_likeness=0.5)
    row["scores"][0]["details"] = {"a": 5.0, "b": 2.0}
    assert answer(job, "scores.jsonl", [row]) == {"pairs_scored": 1}
    assert stored() == {
        ("length_gap", "a_over_b"): 3.0,
        ("length_gap", "b_over_a"): -3.0,
        ("text_likeness", "both"): 0.5,
    }
    score = PairScore.objects.filter(scorer="length_gap").first()
    assert score is not None
    assert score.details == {"a": 5.0, "b": 2.0}
    assert score.producer.details == {"version": 1}
    assert score.producer.label == "the texts, version 1"
    answer(job, "scores.jsonl", [row])  # read again from the start, as after a crash
    assert PairScore.objects.count() == 3


def test_zero_has_no_sign(pair: Pair) -> None:
    job = texts_job(pair)
    begin(job)
    answer(job, "scores.jsonl", [values(pair, length_gap=0.0)])
    assert [str(score.value) for score in PairScore.objects.all()] == ["0.0", "0.0"]


def test_only_what_is_missing_is_scored_again(pair: Pair) -> None:
    first = texts_job(pair, "length_gap")
    begin(first)
    answer(first, "scores.jsonl", [values(pair, length_gap=1.0)])
    assert begin(texts_job(pair, "length_gap")) == 0
    late = PairFactory(prompt__project=pair.prompt.project)
    again = texts_job(pair, "length_gap")
    assert begin(again) == 1
    assert [row["pair_id"] for row in inputs(again, "pairs.jsonl")] == [str(late.pk)]


def test_a_scorer_that_has_all_pairs_is_not_computed_with_another(pair: Pair) -> None:
    first = texts_job(pair, "length_gap")
    begin(first)
    answer(first, "scores.jsonl", [values(pair, length_gap=1.0)])
    both = texts_job(pair, "length_gap", "refusal")
    prepared = kind_named(both.kind).prepare(_made(both))
    assert prepared.total == 1
    assert prepared.spec.model_dump()["scorers"] == ["refusal"]


def test_each_pair_is_scored_by_what_it_lacks(pair: Pair) -> None:
    first = texts_job(pair, "length_gap")
    begin(first)
    answer(first, "scores.jsonl", [values(pair, length_gap=1.0)])
    late = PairFactory(prompt__project=pair.prompt.project)
    stored_before = PairScore.objects.get(scorer="length_gap", direction="a_over_b")
    both = texts_job(pair, "length_gap", "text_likeness")
    assert begin(both) == 2
    asked = {row["pair_id"]: row["scorers"] for row in inputs(both, "pairs.jsonl")}
    assert asked == {str(pair.pk): ["text_likeness"], str(late.pk): []}
    answer(
        both,
        "scores.jsonl",
        [values(pair, text_likeness=0.0), values(late, length_gap=1.0, text_likeness=0.0)],
    )
    after = PairScore.objects.get(pk=stored_before.pk)
    assert (after.value, after.created_at) == (stored_before.value, stored_before.created_at)
    assert begin(texts_job(pair, "length_gap", "text_likeness")) == 0


def _made(job: Job) -> Job:
    job.out_dir.mkdir(parents=True, exist_ok=True)
    return job


def test_a_new_version_makes_new_scores_beside_the_old(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    first = texts_job(pair, "length_gap")
    begin(first)
    answer(first, "scores.jsonl", [values(pair, length_gap=1.0)])
    newer = replace(scorers.TEXTS["length_gap"], version=2)
    monkeypatch.setitem(scorers.TEXTS, "length_gap", newer)
    second = texts_job(pair, "length_gap")
    assert begin(second) == 1
    answer(second, "scores.jsonl", [values(pair, version=2, length_gap=2.0)])
    assert begin(texts_job(pair, "length_gap")) == 0
    a_over_b = PairScore.objects.filter(direction="a_over_b").order_by("pk")
    assert [(score.value, score.producer.details) for score in a_over_b] == [
        (1.0, {"version": 1}),
        (2.0, {"version": 2}),
    ]
    assert kind_named(second.kind).finish(second) == {"producers": {"length_gap": a_over_b[1].producer_id}}


def test_the_worker_is_told_which_responses_were_cut(pair: Pair) -> None:
    Response.objects.filter(pk=pair.response_b_id).update(finish_reason="length")
    Response.objects.filter(pk=pair.response_a_id).update(finish_reason="stop")
    job = texts_job(pair, "cut_ending")
    begin(job)
    assert [row["is_cut"] for row in inputs(job, "pairs.jsonl")] == [[False, True]]


def test_the_worker_itself(pair: Pair) -> None:
    """The files of the job, the real worker, and what is stored of its answer."""
    job = texts_job(pair, *scorers.TEXTS)
    prepared = kind_named(job.kind).prepare(_made(job))
    spec = job.out_dir / "spec.json"
    write_model(spec, prepared.spec)
    command = ["trainer_bridge.workers.score_texts", "--spec", str(spec), "--out", str(job.out_dir)]
    subprocess.run([sys.executable, "-m", *command], cwd=BASE_DIR, check=True)
    assert read_json(job.out_dir / "environment.json")
    assert kind_named(job.kind).ingest(job, Tails(job.out_dir, {})) == {"pairs_scored": 1}
    values = sum(2 if scorer.directed else 1 for scorer in scorers.TEXTS.values())
    assert PairScore.objects.filter(pair=pair).count() == values
    assert begin(texts_job(pair, *scorers.TEXTS)) == 0


def test_scores_by_two_lists_of_words_never_mix(pair: Pair, settings: Any, tmp_path: Any) -> None:
    first = texts_job(pair, "toxicity")
    assert begin(first) == 1
    answer(first, "scores.jsonl", [values(pair, toxicity=0.1)])
    assert begin(texts_job(pair, "toxicity")) == 0
    own = tmp_path / "words.txt"
    own.write_text("Pfui\n", encoding="utf-8")
    settings.TOXIC_WORDS = str(own)
    second = texts_job(pair, "toxicity")
    assert begin(second) == 1
    assert (second.out_dir / "toxic_words.txt").read_text() == "pfui\n"
    own.write_text("Pfui\nIgitt\n", encoding="utf-8")  # a job keeps the list it began with
    assert begin(second) == 1
    answer(second, "scores.jsonl", [values(pair, toxicity=0.2)])
    producers = {score.value: score.producer for score in PairScore.objects.filter(direction="a_over_b")}
    listed = {value: producer.details["toxic_words"] for value, producer in producers.items()}
    assert listed == {0.1: english_words().sha256, 0.2: word_list("pfui").sha256}
    assert producers[0.2].label == f"the texts, version 1, list {listed[0.2][:8]}"
    assert producers[0.1].fingerprint != producers[0.2].fingerprint
    assert kind_named(second.kind).finish(second) == {"producers": {"toxicity": producers[0.2].pk}}
    assert begin(texts_job(pair, "toxicity")) == 1  # the third list


def test_a_list_of_words_that_is_gone_fails_the_job_in_words(pair: Pair, settings: Any) -> None:
    settings.TOXIC_WORDS = "nowhere/words.txt"
    with pytest.raises(JobError, match=r"nowhere/words\.txt cannot be read.*TIEBREAK_TOXIC_WORDS"):
        begin(texts_job(pair, "length_gap", "toxicity"))
    assert begin(texts_job(pair, "length_gap")) == 1


# ── models ───────────────────────────────────────────────────────────────────


@pytest.fixture
def model(pair: Pair) -> ModelVersion:
    created: ModelVersion = ModelVersionFactory(project=pair.prompt.project)
    return created


def test_a_model_that_is_gone_is_said(pair: Pair, model: ModelVersion) -> None:
    job = scoring_create(project=model.project, user=UserFactory(), model=model)
    model.delete()
    with pytest.raises(JobError, match="no longer registered"):
        begin(job)


def test_scores_of_another_version_are_others(
    pair: Pair, model: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = scoring_create(project=model.project, user=UserFactory(), model=model)
    begin(job)
    answer(job, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    model.refresh_from_db()
    assert begin(scoring_create(project=model.project, user=UserFactory(), model=model)) == 0
    with monkeypatch.context() as newer:
        for name in ("ches", "ln_ches"):
            newer.setitem(scorers.SCORERS, name, replace(scorers.SCORERS[name], version=2))
        second = scoring_create(project=model.project, user=UserFactory(), model=model)
        assert begin(second) == 1
        answer(second, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
        assert begin(scoring_create(project=model.project, user=UserFactory(), model=model)) == 0
    assert ScoreProducer.objects.filter(details__version=2).count() == 2
    # The scores of version 2 do not stand for those of version 1.
    PairScore.objects.filter(producer__details__version=1).delete()
    assert begin(scoring_create(project=model.project, user=UserFactory(), model=model)) == 1


def under(model: ModelVersion, *computations: str) -> Job:
    return scoring_create(
        project=model.project, user=UserFactory(), model=model, computations=list(computations)
    )


def test_other_computations_have_files_and_producers_of_their_own(pair: Pair, model: ModelVersion) -> None:
    job = under(model, "token_edit", "logprob", "ches")
    assert begin(job) == 1
    (job.out_dir / "logprob.jsonl").write_text(
        json.dumps(values(pair, logp_gap=2.0, mean_logp_gap=-0.5)) + "\n"
    )
    (job.out_dir / "scores.jsonl").write_text(json.dumps({"pair_id": str(pair.pk), **SCORES}) + "\n")
    assert answer(job, "token_edit.jsonl", [values(pair, token_edit=-0.25)]) == {"scores_stored": 5}
    assert stored() == {
        ("token_edit", "both"): -0.25,
        ("logp_gap", "a_over_b"): 2.0,
        ("logp_gap", "b_over_a"): -2.0,
        ("mean_logp_gap", "a_over_b"): -0.5,
        ("mean_logp_gap", "b_over_a"): 0.5,
        ("ches", "a_over_b"): -1.0,
        ("ches", "b_over_a"): -2.0,
        ("ln_ches", "a_over_b"): -0.1,
        ("ln_ches", "b_over_a"): -0.2,
    }
    assert set(job.inputs["producers"]) == {
        scorer.name for name in job.spec["scorers"] for scorer in scorers.computed_by(name)
    }
    assert ScoreProducer.objects.get(scorer="logp_gap").details["model_fingerprint"] == "f1"


def test_only_computations_with_pairs_left_run_again(pair: Pair, model: ModelVersion) -> None:
    first = under(model, "ches")
    begin(first)
    answer(first, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    both = under(model, "ches", "token_edit")
    prepared = kind_named(both.kind).prepare(_made(both))
    assert (prepared.total, prepared.spec.model_dump()["scorers"]) == (1, ["token_edit"])
    assert answer(both, "token_edit.jsonl", [values(pair, token_edit=-1.0)]) == {"scores_stored": 1}
    assert begin(under(model, "ches", "token_edit")) == 0

    late = PairFactory(prompt__project=model.project)
    again = under(model, "ches", "token_edit")
    prepared = kind_named(again.kind).prepare(_made(again))
    assert (prepared.total, prepared.spec.model_dump()["scorers"]) == (1, ["ches", "token_edit"])
    assert [row["pair_id"] for row in inputs(again, "pairs.jsonl")] == [str(late.pk)]


def test_each_pair_is_given_to_the_computations_that_it_lacks(pair: Pair, model: ModelVersion) -> None:
    first = under(model, "ches")
    begin(first)
    answer(first, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    PairScore.objects.update(value=7.0)
    late = PairFactory(prompt__project=model.project)
    both = under(model, "ches", "logprob")
    assert begin(both) == 2
    asked = {row["pair_id"]: row["scorers"] for row in inputs(both, "pairs.jsonl")}
    assert asked == {str(pair.pk): ["logprob"], str(late.pk): []}
    (both.out_dir / "scores.jsonl").write_text(json.dumps({"pair_id": str(late.pk), **SCORES}) + "\n")
    gaps = {"logp_gap": 1.0, "mean_logp_gap": 1.0, "perplexity_gap": 1.0, "on_policy": 1.0}
    rows = [values(each, 1, **gaps) for each in (pair, late)]
    assert answer(both, "logprob.jsonl", rows) == {"scores_stored": 2 + 8}
    assert set(PairScore.objects.filter(pair=pair, scorer="ches").values_list("value", flat=True)) == {7.0}
    assert begin(under(model, "ches", "logprob")) == 0


def test_another_chat_template_is_refused_whatever_is_computed(pair: Pair, model: ModelVersion) -> None:
    first = under(model, "ches")
    begin(first)
    answer(first, "scores.jsonl", [{"pair_id": str(pair.pk), **SCORES}])
    PairFactory(prompt__project=model.project)
    second = under(model, "ches", "token_edit")
    begin(second)
    with pytest.raises(JobError, match="chat template"):
        answer(second, "token_edit.jsonl", [values(pair, token_edit=0.0)], template_hash="t2")


# ── tokens ───────────────────────────────────────────────────────────────────


def tokens_job(pair: Pair, model: ModelVersion) -> Job:
    return token_counting_create(project=pair.prompt.project, user=UserFactory(), model=model)


def test_tokens_are_counted_once_for_each_tokenizer(pair: Pair) -> None:
    model = ModelVersionFactory(project=pair.prompt.project, fingerprint="f1")
    job = tokens_job(pair, model)
    kind = kind_named(job.kind)
    assert (kind.queue(job.spec), job.kind) == ("cpu", "score_tokens")
    assert begin(job) == 1
    assert answer(job, "scores.jsonl", []) == {}
    row = values(pair, shared_tokens=12.0)
    row["scores"][0]["details"] = {"prompt": 5.0, "a": 20.0, "b": 12.0}
    assert answer(job, "scores.jsonl", [row]) == {"pairs_scored": 1}
    score = PairScore.objects.get()
    assert (score.direction, score.value, score.details) == ("both", 12, {"prompt": 5, "a": 20, "b": 12})
    assert score.producer.label == model.name
    assert score.producer.details == {"model_fingerprint": "f1", "template_hash": "t1", "version": 1}
    assert kind.finish(job) == {"producers": {"shared_tokens": score.producer.pk}}
    late = PairFactory(prompt__project=pair.prompt.project)
    again = tokens_job(pair, model)
    assert begin(again) == 1
    assert [found["pair_id"] for found in inputs(again, "pairs.jsonl")] == [str(late.pk)]


def test_counts_with_another_template_stand_beside_the_old(pair: Pair) -> None:
    model = ModelVersionFactory(project=pair.prompt.project, fingerprint="f1")
    for template in ("old", "new"):
        job = tokens_job(pair, model)
        begin(job)
        answer(job, "scores.jsonl", [values(pair, shared_tokens=1.0)], template_hash=template)
    assert ScoreProducer.objects.count() == 2


def test_counting_with_a_model_that_is_gone_says_so(pair: Pair) -> None:
    model = ModelVersionFactory(project=pair.prompt.project, fingerprint="f1")
    job = tokens_job(pair, model)
    model.delete()
    with pytest.raises(JobError, match="no longer registered"):
        begin(job)
