"""The bias report of a dataset version: what is computed, how it is asked for, and its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from curation.bias import report as reporting
from curation.models import BiasReport, DatasetVersion, Project, Rater
from curation.services.bias_build import bias_build, bias_recover, bias_request
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, saved_recipe
from tests.factories import (
    PairFactory,
    ProjectFactory,
    PromptFactory,
    RaterFactory,
    ResponseFactory,
    SamplerFactory,
)

pytestmark = pytest.mark.django_db

PAGE = "/p/helpfulness/datasets/1/bias/"
GOOD = "Certainly! The answer to number {n} is long, and it has many reasons:\n\n- one\n- two"
BAD = "no idea about {n}"


def preferred(project: Project, n: int, *, chosen: str = GOOD, rejected: str = BAD) -> DatasetVersion:
    """A version of n rows in which `large` always beats `small`."""
    large, small = (SamplerFactory(project=project, model_name=name) for name in ("large", "small"))
    rater = RaterFactory(project=project, label="judge v1")
    for number in range(n):
        prompt = PromptFactory(project=project, category="maths" if number % 4 else "law")
        pair = PairFactory(
            prompt=prompt,
            response_a=ResponseFactory(prompt=prompt, sampler=large, text=chosen.format(n=number)),
            response_b=ResponseFactory(prompt=prompt, sampler=small, text=rejected.format(n=number)),
        )
        judge_both_orders(pair, rater, 0.9)
    return dataset_freeze(recipe=saved_recipe(project, [{"step": "consensus_exists"}]), user=None)


def computed(version: DatasetVersion) -> dict[str, Any]:
    report = bias_request(version=version, user=None)
    bias_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == ("done", "")
    found: dict[str, Any] = report.report
    return found


def page_of(people: People, name: str = "rita") -> str:
    return people.client(name).get(PAGE).content.decode()


def test_it_works(people: People) -> None:
    report = computed(preferred(people.project, 60))
    assert (report["n_rows"], report["n_prompts"], report["n_rows_read"]) == (60, 60, 60)
    separation = report["separation"]
    assert {key: separation[key]["auc"]["value"] for key in ("length", "surface", "words")} == {
        "length": 1.0, "surface": 1.0, "words": 1.0,
    }  # fmt: skip
    assert separation["is_flagged"]
    characters = next(row for row in separation["surface"]["evidence"] if row["name"] == "characters")
    assert characters["alone"] == 1.0
    assert characters["ours"] > characters["theirs"]
    certainly = next(row for row in separation["words"]["evidence"] if row["name"] == "certainly")
    assert (certainly["ours"], certainly["theirs"]) == (1.0, 0.0)
    assert certainly["weight"] > 0
    page = page_of(people)
    for words in (
        "As of",
        "AUC above 0.9",
        "certainly",
        "Separable",
        "60 to the same prompts",
        "Compute again",
    ):
        assert words in page, words


def test_it_checks_access(people: People) -> None:
    preferred(people.project, 1)
    statuses = {"alice": 200, "rita": 200, "rob": 200, "anna": 404, "charlie": 404, "anonymous": 302}
    for name, status in statuses.items():
        assert people.client(name).get(PAGE).status_code == status, name
    for name in ("rob", "anna", "charlie"):
        assert people.client(name).post(f"{PAGE}build/").status_code == 404, name
    assert not BiasReport.objects.exists()
    assert people.client("charlie").get("/p/elsewhere/datasets/1/bias/").status_code == 404
    assert 'bias/build/"' not in page_of(people, "rob")
    assert "A researcher can have it computed" in page_of(people, "rob")


def test_models_and_their_wins(people: People) -> None:
    models = computed(preferred(people.project, 8))["models"]
    rows = {row["name"]: row for row in models["rows"]}
    assert (rows["large"]["won"]["value"], rows["large"]["won"]["n"]) == (1.0, 8)
    assert rows["large"]["won"]["low"] == pytest.approx(8 / (8 + 1.959964**2))  # Wilson, all won
    assert (rows["small"]["won"]["value"], rows["small"]["stands"]["value"]) == (0.0, 1.0)
    assert models["square"][0][1]["value"] == 1.0
    assert models["square"][0][0] is None


def test_rows_of_one_model_say_nothing_of_who_wins(people: People) -> None:
    version = preferred(people.project, 6)
    only = SamplerFactory(project=people.project, model_name="only")
    prompt = PromptFactory(project=people.project)
    pair = PairFactory(
        prompt=prompt,
        response_a=ResponseFactory(prompt=prompt, sampler=only, text="one"),
        response_b=ResponseFactory(prompt=prompt, sampler=only, text="two"),
    )
    judge_both_orders(pair, Rater.objects.get(), 0.9)
    version = dataset_freeze(recipe=version.recipe, user=None)
    rows = {row["name"]: row for row in computed(version)["models"]["rows"]}
    assert (rows["only"]["own"], rows["only"]["won"]["value"]) == (1, None)
    page = people.client("rita").get("/p/helpfulness/datasets/2/bias/").content.decode()
    assert "not defined: it stands against no other model" in page
    assert "fewer than 50 responses" in page


def test_length(people: People) -> None:
    length = computed(preferred(people.project, 10, chosen="x" * 40, rejected="y" * 10))["length"]
    assert (length["difference"]["value"], length["chosen_mean"], length["rejected_mean"]) == (
        30.0,
        40.0,
        10.0,
    )
    assert (length["longer"]["value"], length["auc"]["value"]) == (1.0, 1.0)
    assert length["spearman"]["reason"] == "margins or lengths never vary"
    assert length["ratio"]["counts"] == [0] * 12 + [10] + [0] * 3  # log₂ 4 = 2 begins a bin
    assert "4 to 5.657 times as long: 10" in page_of(people)


def test_equal_and_empty_responses_are_counted_apart(people: People) -> None:
    length = computed(preferred(people.project, 3, chosen="same", rejected="size"))["length"]
    assert (length["n_equal"], length["longer"]["value"], length["longer"]["n"]) == (3, None, 0)
    assert length["auc"]["value"] == 0.5
    other = ProjectFactory()
    assert computed(preferred(other, 3, rejected=""))["length"]["ratio"]["without"] == 3


def test_variety_categories_and_coverage(people: People) -> None:
    PromptFactory(
        project=people.project, split="eval", messages=[{"role": "user", "content": "Strange words"}]
    )
    version = preferred(people.project, 8)
    asked = version.rows.first()
    assert asked is not None
    near = [{"role": "user", "content": asked.pair.prompt.messages[0]["content"] + "!"}]
    PromptFactory(project=people.project, split="eval", messages=near)
    report = computed(version)
    kinds = {row["name"]: (row["share"]["part"], row["share"]["n"]) for row in report["categories"]["rows"]}
    assert kinds == {"maths": (6, 8), "law": (2, 8)}
    assert 0.8 < report["categories"]["evenness"] < 0.82  # entropy of ¾ and ¼ in bits
    assert [row["share"]["value"] for row in report["coverage"]["near"]] == [0.5, 0.5, 0.5]
    chosen, rejected, prompts = report["diversity"]
    assert chosen["words"] == rejected["words"] == 8 * 4
    assert prompts["words"] == 8 * 2
    assert "prompts/?category=maths" in page_of(people)


def test_too_little_to_probe_is_told(people: People) -> None:
    report = computed(preferred(people.project, 2))
    assert "5 folds need responses to at least 5 prompts" in report["separation"]["surface"]["auc"]["reason"]
    assert "no word stands in enough responses" in page_of(people)


def test_only_a_sample_of_many_rows_is_read(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.bias.separation.MOST_ROWS", 6)
    report = computed(preferred(people.project, 9))
    assert (report["n_rows"], report["n_rows_read"], report["n_responses_read"]) == (9, 6, 12)
    assert report["length"]["difference"]["n"] == 9
    assert "measured on 6 rows drawn at random" in page_of(people)


# ── the task ─────────────────────────────────────────────────────────────────


def test_the_button_queues_one_report_at_a_time(
    people: People, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    version = preferred(people.project, 1)
    with django_capture_on_commit_callbacks(execute=True) as sent:
        people.client("rita").post(f"{PAGE}build/")
    assert len(sent) == 1
    assert BiasReport.objects.get().state == "done"
    first = bias_request(version=version, user=people.rita)
    assert bias_request(version=version, user=people.alice).pk == first.pk
    with pytest.raises(IntegrityError, match="bias_report_one_at_a_time"), transaction.atomic():
        BiasReport.objects.create(version=version)


def test_the_page_polls_only_while_a_report_is_on_its_way(people: People) -> None:
    version = preferred(people.project, 1)
    assert "Nothing computed yet" in page_of(people)
    report = bias_request(version=version, user=people.rita)
    assert 'hx-trigger="every 2s"' in page_of(people)
    client = people.client("rita")
    fragment = client.get(PAGE, headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert "HX-Refresh" not in fragment.headers
    bias_build(report_id=report.pk)
    assert client.get(PAGE, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert 'hx-trigger="every 2s"' not in page_of(people)


def test_a_report_is_built_once(people: People) -> None:
    report = bias_request(version=preferred(people.project, 1), user=None)
    bias_build(report_id=report.pk)
    finished = BiasReport.objects.get().finished_at
    bias_build(report_id=report.pk)
    assert BiasReport.objects.get().finished_at == finished


def test_a_lost_report_is_taken_up_again(people: People) -> None:
    report = bias_request(version=preferred(people.project, 1), user=None)
    long_ago = timezone.now() - timedelta(hours=1)
    BiasReport.objects.update(state="running", attempt=1, started_at=long_ago, heartbeat_at=long_ago)
    bias_recover()
    report.refresh_from_db()
    assert (report.state, report.attempt) == ("done", 2)


def test_a_report_with_a_heartbeat_is_left_alone(people: People) -> None:
    report = bias_request(version=preferred(people.project, 1), user=None)
    BiasReport.objects.update(state="running", attempt=1, heartbeat_at=timezone.now())
    bias_recover()
    bias_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempt) == ("running", 1)


def test_a_report_that_kills_its_workers_is_given_up_in_words(people: People) -> None:
    version = preferred(people.project, 1)
    bias_request(version=version, user=None)
    BiasReport.objects.update(state="running", attempt=3, heartbeat_at=timezone.now() - timedelta(hours=1))
    bias_recover()
    assert "The worker was lost 3 times" in page_of(people)
    assert bias_request(version=version, user=None).state == "queued"


def test_a_worker_that_was_taken_over_stops(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    report = bias_request(version=preferred(people.project, 1), user=None)

    def overtaken(**kwargs: Any) -> Any:
        BiasReport.objects.update(attempt=2)
        kwargs["beat"]()

    monkeypatch.setattr(reporting, "build_report", overtaken)
    bias_build(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.report, report.finished_at) == ("running", {}, None)


def test_an_error_is_told_in_words(
    people: People, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    report = bias_request(version=preferred(people.project, 1), user=None)

    def broken(**kwargs: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(reporting, "build_report", broken)
    bias_build(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == "failed"
    assert "An unexpected error stopped the report" in page_of(people)
    assert "ZeroDivisionError" in caplog.text


def test_the_page_costs_the_same_for_one_row_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for project, n in ((people.project, 1), (people.project, 3)):
        version = preferred(project, n)
        computed(version)
        with django_assert_max_num_queries(8):
            assert client.get(f"/p/helpfulness/datasets/{version.number}/bias/").status_code == 200
