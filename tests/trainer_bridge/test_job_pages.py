"""Job list, job page, cancel, retry, and the header's worker status."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.conftest import People
from tests.trainer_bridge.fakes import JobFactory, WorkerFactory
from trainer_bridge.models import Job

pytestmark = pytest.mark.django_db

BASE = "/p/helpfulness"
LIVE = {"HX-Request": "true"}


def test_it_works(people: People) -> None:
    job = JobFactory(project=people.project, state="running", done=3, total=8, rate=0.5, attempt=1)
    client = people.client("rita")
    listed = client.get(f"{BASE}/jobs/").content.decode()
    assert job.title in listed
    page = client.get(f"{BASE}/jobs/{job.pk}/").content.decode()
    assert "about 10 s" in page
    assert "sampling.temperature" in page
    assert page.count("<h1>") == 1


@pytest.mark.parametrize("name", ["rob", "anna", "charlie", "anonymous"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "jobs/"),
        ("get", "jobs/{pk}/"),
        ("post", "jobs/{pk}/cancel/"),
        ("post", "jobs/{pk}/retry/"),
        ("get", "worker-status/"),
        ("get", "sample/"),
        ("get", "score/"),
    ],
)
def test_it_checks_access(people: People, name: str, method: str, path: str) -> None:
    job = JobFactory(project=people.project)
    response = getattr(people.client(name), method)(f"{BASE}/{path.format(pk=job.pk)}")
    assert response.status_code == (302 if name == "anonymous" else 404)
    job.refresh_from_db()
    assert job.state == "queued"


@pytest.mark.parametrize("name", ["alice", "rita"])
def test_owners_and_researchers_may(people: People, name: str) -> None:
    job = JobFactory(project=people.project)
    for path in ("jobs/", f"jobs/{job.pk}/", "worker-status/", "sample/", "score/"):
        assert people.client(name).get(f"{BASE}/{path}").status_code == 200, path


def test_a_job_of_another_project_is_not_found(people: People) -> None:
    job = JobFactory()
    client = people.client("alice")
    assert client.get(f"{BASE}/jobs/{job.pk}/").status_code == 404
    assert client.post(f"{BASE}/jobs/{job.pk}/cancel/").status_code == 404


def test_the_fragment_polls_only_while_the_job_is_unfinished(people: People) -> None:
    client = people.client("rita")
    for state in Job.State.values:
        job = JobFactory(project=people.project, state=state)
        fragment = client.get(f"{BASE}/jobs/{job.pk}/", headers=LIVE).content.decode()
        assert "<h1>" not in fragment
        assert ('hx-trigger="every 2s"' in fragment) is (state in {"queued", "running"})


def test_cancel_and_retry(people: People) -> None:
    job = JobFactory(project=people.project)
    client = people.client("rita")
    answer = client.post(f"{BASE}/jobs/{job.pk}/cancel/", follow=True).content.decode()
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert "Retry" in answer
    assert "already ended" in client.post(f"{BASE}/jobs/{job.pk}/cancel/", follow=True).content.decode()
    client.post(f"{BASE}/jobs/{job.pk}/retry/")
    job.refresh_from_db()
    assert job.state == "queued"


def test_a_waiting_job_without_worker_says_how_to_start_one(people: People) -> None:
    job = JobFactory(project=people.project, queue="gpu")
    client = people.client("rita")
    command = "celery -A config worker -Q gpu -n gpu@%h --concurrency 1"
    assert command in client.get(f"{BASE}/jobs/{job.pk}/").content.decode()
    WorkerFactory(queues=["gpu"], started_at=timezone.now(), seen_at=timezone.now())
    assert command not in client.get(f"{BASE}/jobs/{job.pk}/").content.decode()


def test_errors_failures_and_logs_are_shown_and_escaped(people: People) -> None:
    job = JobFactory(
        project=people.project,
        state="failed",
        error="It broke.\nPress Retry.",
        log_tail="<script>alert(1)</script>",
        counts={"created": 7, "failed": 1},
        result={"failures": [{"key": "1/0", "error": "connection <b>refused</b>"}]},
    )
    page = people.client("rita").get(f"{BASE}/jobs/{job.pk}/").content.decode()
    assert "It broke.<br>Press Retry." in page
    assert "&lt;script&gt;alert" in page
    assert "connection &lt;b&gt;refused" in page


def test_filters(people: People) -> None:
    JobFactory(project=people.project, title="One that ended", state="done")
    JobFactory(project=people.project, title="One that waits")
    client = people.client("rita")
    done = client.get(f"{BASE}/jobs/?state=done&kind=generate").content.decode()
    assert "One that ended" in done
    assert "One that waits" not in done
    assert "No job matches" in client.get(f"{BASE}/jobs/?kind=train").content.decode()
    assert "One that waits" in client.get(f"{BASE}/jobs/?state=nonsense").content.decode()


def test_an_empty_list_says_what_to_do(people: People) -> None:
    page = people.client("rita").get(f"{BASE}/jobs/").content.decode()
    assert "No jobs yet" in page
    assert f"{BASE}/sample/" in page


@pytest.mark.parametrize("rows", [1, 12])
def test_the_list_costs_the_same_for_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    JobFactory.create_batch(rows, project=people.project, created_by=people.rita, total=5)
    client = people.client("rita")
    # session, user, membership, count, page, and the header's two
    with django_assert_max_num_queries(7):
        client.get(f"{BASE}/jobs/")


def test_a_poll_is_cheap(people: People, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    job = JobFactory(project=people.project, state="running")
    client = people.client("rita")
    with django_assert_max_num_queries(4):
        client.get(f"{BASE}/jobs/{job.pk}/", headers=LIVE)


def test_worker_status_counts_queues_for_researchers_only(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    JobFactory.create_batch(2, queue="gpu")
    JobFactory(queue="cpu", state="running")
    WorkerFactory(queues=["cpu"], started_at=timezone.now(), seen_at=timezone.now())
    client = people.client("rita")
    with django_assert_max_num_queries(5):
        status = client.get(f"{BASE}/worker-status/").content.decode()
    assert "2 waiting, no worker" in status
    assert "1 running" in status
    assert "worker-status" in client.get(f"{BASE}/jobs/").content.decode()
    assert "worker-status" not in people.client("rob").get(f"{BASE}/").content.decode()


def test_upkeep_shows_only_while_nobody_serves_it(people: People) -> None:
    client = people.client("rita")
    assert "upkeep</a>: no worker" in client.get(f"{BASE}/worker-status/").content.decode()
    WorkerFactory(queues=["upkeep"], started_at=timezone.now(), seen_at=timezone.now())
    status = client.get(f"{BASE}/worker-status/").content.decode()
    assert "upkeep" not in status
    assert "gpu</a>: no worker" in status
