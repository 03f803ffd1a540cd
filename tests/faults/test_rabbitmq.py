"""The same site on RabbitMQ, which is impatient with late acknowledgements and killed in the middle."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from config.services import start_postgres
from tests.faults.rabbitmq import SERVER, RabbitMQ
from tests.site import RealSite, wait_for
from tests.workers.chat_server import Body, Reply, said, serving

pytestmark = [
    pytest.mark.faults,
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(
        not SERVER.exists(), reason=f"no RabbitMQ at {SERVER}: apt-get install rabbitmq-server"
    ),
]

PROMPTS, IMPORTED, DRAWS = 15, 5, 4
SLOW_SECONDS = 3.0
PATIENCE = 180.0
RESPONSES = (
    "SELECT r.prompt_id, r.sample_index FROM curation_response r "
    "JOIN curation_prompt p ON p.id = r.prompt_id "
    "JOIN curation_sampler s ON s.id = r.sampler_id WHERE p.project_id = %s AND s.model_name = %s"
)


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[RabbitMQ]:
    folder = settings.TEST_ROOT / "rabbitmq"
    shutil.rmtree(folder, ignore_errors=True)
    node = RabbitMQ(folder, consumer_timeout=2)
    try:
        node.start()
        yield node
    finally:
        node.kill()


@pytest.fixture(scope="module")
def site(rabbitmq: RabbitMQ) -> Iterator[RealSite]:
    site = RealSite(
        settings.TEST_ROOT / "site-rabbitmq",
        DATABASE_URL=start_postgres(settings.TEST_ROOT / "rabbitmq" / "postgres"),
        BROKER_URL=rabbitmq.url,
        TIEBREAK_JOB_LOST_AFTER="6",
        TIEBREAK_JOB_RESEND_AFTER="3",
        TIEBREAK_RECOVER_EVERY="4",
    )
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_work_survives_rabbitmq_its_timeouts_and_its_death(rabbitmq: RabbitMQ, site: RealSite) -> None:
    hurry = threading.Event()

    def reply(body: Body, number: int) -> Reply:
        if body["model"] == "slow":
            hurry.wait(SLOW_SECONDS)
        return said(f"Answer {number}.")

    made = site.seed("world", slug="rabbit", prompts=PROMPTS, model="/nowhere")
    project = made["project"]
    with serving(reply) as endpoint:
        slow = site.seed("asking", project=project, base_url=endpoint.url, model_name="slow", n=DRAWS)

        # A late acknowledgement costs the worker its channel, and neither its life nor the job: it connects
        # anew and takes more work beside the job that is still running.
        worker = wait_for(lambda: site.processes("celery", "cpu@"), PATIENCE)[0]
        wait_for(rabbitmq.acknowledgements_missed, PATIENCE, rabbitmq.log)
        imported = site.seed("imported", project=project, rows=IMPORTED)
        wait_for(lambda: state(site, "curation_promptimport", imported) == ("done", 1), PATIENCE)
        before = set(wait_for(lambda: site.sql(RESPONSES, project, "slow"), PATIENCE))
        assert worker.is_running()
        assert state(site, "trainer_bridge_job", slow) == ("running", 1)

        rabbitmq.kill()
        # Nobody can be told of new work: it waits as queued, and is sent when the broker is back.
        quick = site.seed("asking", project=project, base_url=endpoint.url, model_name="quick", n=1)
        assert state(site, "trainer_bridge_job", quick) == ("queued", 0)
        assert state(site, "trainer_bridge_job", slow) == ("running", 1)
        rabbitmq.start()

        os.killpg(os.getpgid(worker.pid), signal.SIGKILL)
        wait_for(lambda: state(site, "trainer_bridge_job", slow) == ("running", 2), PATIENCE)
        hurry.set()
        wait_for(lambda: state(site, "trainer_bridge_job", slow) == ("done", 2), PATIENCE)
        wait_for(lambda: state(site, "trainer_bridge_job", quick) == ("done", 1), PATIENCE)
    rows = site.sql(RESPONSES, project, "slow")
    assert before <= set(rows)
    # The second attempt also found the prompts that had been imported since.
    assert len(rows) == len(set(rows)) == (PROMPTS + IMPORTED) * DRAWS
    assert len(site.sql(RESPONSES, project, "quick")) == PROMPTS + IMPORTED


def state(site: RealSite, table: str, pk: int) -> tuple[Any, ...]:
    """State and attempt of a job or an import."""
    return site.sql(f"SELECT state, attempt FROM {table} WHERE id = %s", pk)[0]  # noqa: S608 -- our own names
