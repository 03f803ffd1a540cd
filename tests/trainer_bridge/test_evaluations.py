"""Evaluations: asking for one, the rows behind its win rate, its pages."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from tests.conftest import People
from tests.factories import PromptFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.training import make_evaluation, make_judge, write_evaluation
from trainer_bridge.contracts import EvaluateSpec
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails
from trainer_bridge.kinds.evaluate import Evaluate
from trainer_bridge.models import Evaluation, EvaluationItem, Job

pytestmark = pytest.mark.django_db

BASE = "/p/helpfulness"


@pytest.fixture
def evaluation(people: People) -> Evaluation:
    return make_evaluation(people.project, people.rita)


@pytest.fixture
def done(evaluation: Evaluation) -> Evaluation:
    write_evaluation(evaluation)
    Evaluate().finish(evaluation.job)
    Job.objects.filter(pk=evaluation.job_id).update(state="done")
    evaluation.refresh_from_db()
    return evaluation


def test_it_works(people: People) -> None:
    model, baseline = (ModelVersionFactory(project=people.project) for _ in range(2))
    judge = make_judge(people.project, people.rita)
    for _ in range(3):
        PromptFactory(project=people.project, split="eval")
    form = {
        "baseline": baseline.pk,
        "judge": judge.pk,
        "split": "eval",
        "max_prompts": 2,
        "temperature": 0,
        "top_p": 1,
        "max_tokens": 32,
        "seed": 0,
        "dtype": "float32",
    }
    answer = people.client("rita").post(f"{BASE}/models/{model.pk}/evaluate/", form)
    evaluation = Evaluation.objects.get()
    assert answer.headers["Location"] == f"{BASE}/evaluations/{evaluation.pk}/"
    assert (evaluation.model, evaluation.baseline, evaluation.judge) == (model, baseline, judge)
    spec = EvaluateSpec.model_validate(evaluation.job.spec)
    assert (spec.sampling.temperature, spec.judge.backend, spec.judge.model) == (0, "openai", "served")
    assert len(evaluation.job.inputs["prompts"]) == 2


def test_prompts_are_fixed_when_it_is_asked_for(people: People, evaluation: Evaluation) -> None:
    PromptFactory(project=people.project, split="eval")
    assert Evaluate().prepare(_with_folder(evaluation.job)).total == 16
    assert len((evaluation.job.out_dir / "prompts.jsonl").read_text().splitlines()) == 4


def test_refusals(people: People) -> None:
    with pytest.raises(JobError, match="no prompts in the eval split"):
        make_evaluation(people.project, people.rita, prompts=0)
    model = ModelVersionFactory(project=people.project)
    with pytest.raises(JobError, match="against itself"):
        make_evaluation(people.project, people.rita, model=model, baseline=model)
    with pytest.raises(JobError, match="of this project"):
        make_evaluation(people.project, people.rita, model=ModelVersionFactory())
    assert not Job.objects.exists()


def test_rows_behind_the_win_rate(done: Evaluation) -> None:
    win, flip, same, silent = (EvaluationItem.objects.get(prompt=pk) for pk in done.job.inputs["prompts"])
    assert (win.outcome, win.probability, win.flipped) == ("win", pytest.approx(0.85), False)
    assert (flip.outcome, flip.flipped) == ("tie", True)
    assert (same.outcome, same.probability, same.verdicts) == ("tie", 0.5, [])
    assert (silent.outcome, silent.probability, silent.model_text) == ("unparsed", None, "<b>hi</b>")
    assert (done.win_rate, done.ci_low, done.ci_high) == (pytest.approx(2 / 3), 0.5, 1.0)
    done.model.refresh_from_db()
    assert done.model.fingerprint == "m"


def test_twice_changes_nothing(done: Evaluation) -> None:
    before = list(EvaluationItem.objects.order_by("pk").values())
    Evaluate().finish(done.job)
    assert list(EvaluationItem.objects.order_by("pk").values()) == before


def test_progress_is_counted(evaluation: Evaluation) -> None:
    write_evaluation(evaluation)
    tails = Tails(evaluation.job.out_dir, {})
    assert Evaluate().ingest(evaluation.job, tails) == {"answers": 4, "verdicts": 6}
    assert Evaluate().ingest(evaluation.job, tails) == {}


def test_rows_are_there_before_the_result(evaluation: Evaluation) -> None:
    """Also when no verdict can be read and the worker gives up: then they are what tells why."""
    write_evaluation(evaluation)
    Evaluate().ingest(evaluation.job, Tails(evaluation.job.out_dir, {}))
    outcomes = list(EvaluationItem.objects.order_by("outcome").values_list("outcome", flat=True))
    assert outcomes == ["tie", "unparsed", "win"]
    Evaluate().finish(evaluation.job)
    assert EvaluationItem.objects.count() == 4


def test_no_result_is_an_error(evaluation: Evaluation) -> None:
    with pytest.raises(JobError, match="without a result"):
        Evaluate().finish(evaluation.job)


def test_numbers_link_to_rows(people: People, done: Evaluation) -> None:
    rita, url = people.client("rita"), f"{BASE}/evaluations/{done.pk}/"
    counts = {
        show: len(rita.get(url, {"show": show}).context["page"])
        for show in ("", "win", "loss", "tie", "flip", "unparsed", "nonsense")
    }
    assert counts == {"": 4, "win": 1, "loss": 0, "tie": 2, "flip": 1, "unparsed": 1, "nonsense": 4}
    page = rita.get(url).content.decode()
    assert "66.7 %" in page
    assert "<b>hi</b>" not in page
    assert "every 2s" not in page


def test_an_unfinished_one_polls(people: People, evaluation: Evaluation) -> None:
    rita, url = people.client("rita"), f"{BASE}/evaluations/{evaluation.pk}/"
    live = rita.get(url, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in live
    assert "<h1" not in live


def test_the_page_says_what_is_missing(people: People) -> None:
    model = ModelVersionFactory(project=people.project)
    rita, url = people.client("rita"), f"{BASE}/models/{model.pk}/evaluate/"
    assert "needs a judge" in rita.get(url).content.decode()
    make_judge(people.project, people.rita)
    assert "needs a baseline" in rita.get(url).content.decode()
    assert "No evaluation yet" in rita.get(f"{BASE}/evaluations/").content.decode()


PATHS = ("evaluations/", "evaluations/{pk}/", "models/{model}/evaluate/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["alice", "rita", "rob", "anna", "charlie", "anonymous"])
def test_access(people: People, evaluation: Evaluation, path: str, who: str) -> None:
    expected = {"alice": 200, "rita": 200, "anonymous": 302}.get(who, 404)
    full = f"{BASE}/{path.format(pk=evaluation.pk, model=evaluation.model_id)}"
    assert people.client(who).get(full).status_code == expected


def test_another_projects_evaluation_is_not_found(people: People, evaluation: Evaluation) -> None:
    for path in PATHS[1:]:
        full = f"/p/elsewhere/{path.format(pk=evaluation.pk, model=evaluation.model_id)}"
        assert people.client("charlie").get(full).status_code == 404


def test_queries_do_not_grow(
    people: People, done: Evaluation, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rita = people.client("rita")
    for _ in range(2):
        make_evaluation(people.project, people.rita)
        for path in ("evaluations/", f"evaluations/{done.pk}/"):
            with django_assert_max_num_queries(9):
                assert rita.get(f"{BASE}/{path}").status_code == 200


def _with_folder(job: Job) -> Job:
    job.out_dir.mkdir(parents=True, exist_ok=True)
    return job
