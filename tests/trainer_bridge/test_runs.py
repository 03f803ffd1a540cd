"""Training runs: asking for one, taking in what it logs, registering its model, its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries

from curation.models import Rater
from tests.conftest import People
from tests.factories import JudgmentFactory
from tests.trainer_bridge.fakes import ModelVersionFactory
from tests.trainer_bridge.training import (
    make_run,
    make_version,
    metric,
    trained_model,
    write_lines,
    write_training,
)
from trainer_bridge.contracts import TrainArgs, TrainSpec
from trainer_bridge.displacement import is_displaced
from trainer_bridge.errors import JobError
from trainer_bridge.files import Tails
from trainer_bridge.kinds.train import Train
from trainer_bridge.models import Job, ModelVersion, TrainingRun
from trainer_bridge.services.run_create import expected_steps

pytestmark = pytest.mark.django_db

BASE = "/p/helpfulness"
FORM: dict[str, Any] = {
    "name": "Web run",
    "loss_type": "sigmoid",
    "beta": 0.1,
    "learning_rate": 0.0001,
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
    "num_train_epochs": 1,
    "max_steps": 5,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "max_length": 128,
    "max_grad_norm": 1,
    "logging_steps": 1,
    "save_steps": 10,
    "seed": 1,
    "dtype": "float32",
    "probe_rows": 8,
    "use_lora": "on",
    "r": 4,
    "alpha": 8,
    "dropout": 0,
}


@pytest.fixture(autouse=True)
def _roots(settings: LazySettings, tmp_path: Path) -> None:
    settings.MODELS_ROOT = tmp_path / "models"
    settings.EXPORTS_ROOT = tmp_path / "exports"


@pytest.fixture
def run(people: People) -> TrainingRun:
    return make_run(people.project, people.rita)


def test_it_works(people: People) -> None:
    """The configuration is shown first; only what was shown is started."""
    make_version(people.project)
    base = ModelVersionFactory(project=people.project)
    rita, url, form = people.client("rita"), f"{BASE}/datasets/1/train/", {**FORM, "base_model": base.pk}
    shown = rita.post(url, form)
    assert not TrainingRun.objects.exists()
    edited = rita.post(url, {**form, "beta": 0.5, "shown": shown.context["spec_hash"]})
    assert not TrainingRun.objects.exists()
    assert '"beta": 0.5' in edited.context["spec_json"]
    answer = rita.post(url, {**form, "shown": shown.context["spec_hash"]})
    run = TrainingRun.objects.get()
    assert answer.headers["Location"] == f"{BASE}/runs/{run.pk}/"
    assert (run.job.kind, run.job.state, run.job.queue) == (Job.Kind.TRAIN, "queued", "gpu")
    spec = TrainSpec.model_validate(run.job.spec)
    assert spec.model_dump_json(indent=2) == shown.context["spec_json"]
    assert spec.lora is not None
    assert (spec.args.max_steps, spec.lora.r, spec.base_model, spec.probe_rows) == (5, 4, base.path, 8)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("beta", 0, "greater than 0"),
        ("max_steps", -5, "greater than or equal"),
        ("dropout", 1, "less than 1"),
        ("probe_rows", 0, "greater than or equal"),
    ],
)
def test_the_contract_refuses(people: People, field: str, value: float, words: str) -> None:
    make_version(people.project)
    form = {**FORM, "base_model": ModelVersionFactory(project=people.project).pk, field: value}
    page = people.client("rita").post(f"{BASE}/datasets/1/train/", form)
    assert words in str(page.context["form"].errors[field])


def test_names_are_unique_among_runs_and_models(people: People, run: TrainingRun) -> None:
    with pytest.raises(JobError, match="name of another run"):
        make_run(people.project, people.rita)
    ModelVersionFactory(project=people.project, name="Taken")
    with pytest.raises(JobError, match="name of another run or model"):
        make_run(people.project, people.rita, name="Taken")
    assert Job.objects.count() == 1


def test_nothing_of_another_project(people: People) -> None:
    foreign: dict[str, Any] = {"base_model": ModelVersionFactory()}
    with pytest.raises(JobError, match="of this project"):
        make_run(people.project, people.rita, **foreign)


def test_a_version_without_train_rows_is_refused(people: People) -> None:
    version = make_version(people.project, split="eval")
    with pytest.raises(JobError, match="no rows of the train split"):
        make_run(people.project, people.rita, dataset_version=version)


def test_prepare_exports_the_train_split(run: TrainingRun) -> None:
    prepared = Train().prepare(run.job)
    assert isinstance(prepared.spec, TrainSpec)
    assert len(Path(prepared.spec.dataset).read_text().splitlines()) == 3
    assert prepared.total == 2  # three rows, two a batch


@pytest.mark.parametrize(
    ("rows", "changes", "steps"),
    [
        (10, {}, 3),
        (10, {"num_train_epochs": 2.5}, 8),
        (10, {"gradient_accumulation_steps": 8}, 1),
        (10, {"max_steps": 7}, 7),
        (1, {"num_train_epochs": 0.5}, 1),
    ],
)
def test_expected_steps(rows: int, changes: dict[str, Any], steps: int) -> None:
    assert expected_steps(rows=rows, args=TrainArgs(**changes)) == steps


def test_metrics_are_kept_once_a_step(run: TrainingRun) -> None:
    path = run.job.out_dir / "metrics.jsonl"
    tails = Tails(run.job.out_dir, {})
    write_lines(path, [metric(1), metric(2)])
    assert Train().ingest(run.job, tails) == {"metrics": 2}
    assert Train().ingest(run.job, tails) == {}
    # A resumed worker goes back to its checkpoint and logs step 2 again.
    write_lines(path, [metric(1), metric(2, loss=0.1), metric(3)])
    assert Train().ingest(run.job, Tails(run.job.out_dir, {})) == {"metrics": 1}
    assert [row.step for row in run.metrics.all()] == [1, 2, 3]
    assert run.metrics.get(step=2).values["loss"] == 0.1


def test_finish_registers_the_model_once(run: TrainingRun) -> None:
    write_training(run.job)
    first = Train().finish(run.job)
    assert Train().finish(run.job) == first
    run.refresh_from_db()
    model = trained_model(run)
    assert (model.name, model.kind, model.base, model.fingerprint) == (
        "First run",
        "trained",
        run.base_model,
        "trained",
    )
    assert Path(model.path).parts[-3:] == ("trained", "helpfulness", f"first-run-{run.pk}")
    assert (Path(model.path) / "model.safetensors").read_bytes() == b"weights"
    assert not (run.job.out_dir / "model").exists()
    assert (run.displaced, run.result["model_path"]) == (True, model.path)
    assert (ModelVersion.objects.filter(kind="trained").count(), run.metrics.count()) == (1, 3)
    run.base_model.refresh_from_db()
    assert run.base_model.fingerprint == "base"


def test_cut_off_between_keeping_and_registering(run: TrainingRun) -> None:
    """The next attempt has nothing to train: it registers what is there."""
    write_training(run.job)
    assert Train().prepare(run.job).total == 0
    Train().finish(run.job)
    TrainingRun.objects.update(model=None)
    ModelVersion.objects.filter(kind="trained").delete()
    assert Train().prepare(run.job).total == 0
    Train().finish(run.job)
    run.refresh_from_db()
    assert Path(trained_model(run).path).is_dir()


def test_a_name_taken_meanwhile_does_not_lose_the_model(people: People, run: TrainingRun) -> None:
    write_training(run.job)
    ModelVersionFactory(project=people.project, name="First run")
    Train().finish(run.job)
    Train().finish(run.job)
    run.refresh_from_db()
    assert trained_model(run).name == f"First run (run {run.pk})"


def test_another_base_model_than_the_registered_is_refused(people: People) -> None:
    base = ModelVersionFactory(project=people.project, fingerprint="other")
    run = make_run(people.project, people.rita, base_model=base)
    write_training(run.job)
    with pytest.raises(JobError, match="changed since it was registered"):
        Train().finish(run.job)
    assert not ModelVersion.objects.filter(kind="trained").exists()


@pytest.mark.parametrize(
    ("chosen", "rejected", "displaced"),
    [(-1, -3, True), (-1, -1, False), (-3, -1, False), (1, -1, False), (0, -2, False), (2, 3, False)],
)
def test_displacement(chosen: float, rejected: float, displaced: bool) -> None:
    assert is_displaced(chosen_change=chosen, rejected_change=rejected) is displaced


def test_the_page_tells_displacement_and_lineage(people: People, run: TrainingRun) -> None:
    judge = Rater.objects.create(project=people.project, kind="judge", label="Tiny v1")
    JudgmentFactory(pair=run.dataset_version.rows.get(position=0).pair, rater=judge)
    write_training(run.job)
    Train().finish(run.job)
    Job.objects.update(state="done")
    page = people.client("rita").get(f"{BASE}/runs/{run.pk}/").content.decode()
    assert "Likelihood displacement" in page
    assert "CHES" in page
    assert "every 2s" not in page
    assert page.count("<h1>") == 1
    assert "Tiny v1" not in page  # it judged after the freeze


def test_no_displacement_no_warning(people: People, run: TrainingRun) -> None:
    write_training(run.job, chosen=1.0)
    Train().finish(run.job)
    assert "displacement" not in people.client("rita").get(f"{BASE}/runs/{run.pk}/").content.decode()


def test_an_unfinished_run_polls_and_a_failed_one_says_why(people: People, run: TrainingRun) -> None:
    rita = people.client("rita")
    live = rita.get(f"{BASE}/runs/{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in live
    assert "<h1" not in live
    Job.objects.update(state="failed", error="The model did not fit in memory.")
    page = rita.get(f"{BASE}/runs/{run.pk}/").content.decode()
    assert "The model did not fit in memory." in page
    assert "every 2s" not in page


def test_metrics_after_a_step(people: People, run: TrainingRun) -> None:
    write_lines(run.job.out_dir / "metrics.jsonl", [metric(step) for step in range(1, 6)])
    Train().ingest(run.job, Tails(run.job.out_dir, {}))
    rita, url = people.client("rita"), f"{BASE}/runs/{run.pk}/metrics.json"
    assert [row["step"] for row in rita.get(url, {"after": "3"}).json()["rows"]] == [4, 5]
    body = rita.get(url, {"after": "x"}).json()
    assert (len(body["rows"]), body["finished"]) == (5, False)
    assert body["rows"][0]["logps/chosen"] == -41
    Job.objects.update(state="cancelled")
    assert rita.get(url, {"after": "5"}).json() == {"rows": [], "finished": True}


PATHS = ("runs/", "runs/{pk}/", "runs/{pk}/metrics.json", "datasets/1/train/")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["alice", "rita", "rob", "anna", "charlie", "anonymous"])
def test_access(people: People, run: TrainingRun, path: str, who: str) -> None:
    expected = {"alice": 200, "rita": 200, "anonymous": 302}.get(who, 404)
    assert people.client(who).get(f"{BASE}/{path.format(pk=run.pk)}").status_code == expected


def test_another_projects_run_is_not_found(people: People, run: TrainingRun) -> None:
    for path in PATHS[1:]:
        assert people.client("charlie").get(f"/p/elsewhere/{path.format(pk=run.pk)}").status_code == 404


def test_empty_list_says_what_to_do(people: People) -> None:
    assert "No training run yet" in people.client("rita").get(f"{BASE}/runs/").content.decode()


def test_queries_do_not_grow(
    people: People, run: TrainingRun, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rita = people.client("rita")
    for number in range(2):
        make_run(people.project, people.rita, name=f"Run {number}")
        for path in ("runs/", f"runs/{run.pk}/"):
            with django_assert_max_num_queries(10):
                assert rita.get(f"{BASE}/{path}").status_code == 200
