"""Recovery does not wait behind the work it looks after."""

from __future__ import annotations

import threading

import pytest

from config.supervisor import site_children
from tests.site import RealSite, wait_for
from tests.workers.chat_server import Body, Reply, said, serving

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

PATIENCE = 120.0
[CPU_WORKER] = [child for child in site_children("127.0.0.1", 8000) if child.name == "worker-cpu"]
SLOTS = int(CPU_WORKER.command[CPU_WORKER.command.index("--concurrency") + 1])
STATES = "SELECT state FROM trainer_bridge_job WHERE id = ANY(%s)"
LOSE = (
    "UPDATE trainer_bridge_job SET state = 'running', attempt = 1, claimed_by = 'cpu@gone', "
    "heartbeat_at = now() - interval '1 hour' WHERE id = %s RETURNING id"
)


def test_a_lost_job_is_found_while_long_ones_hold_every_slot(site: RealSite) -> None:
    release = threading.Event()

    def reply(_body: Body, number: int) -> Reply:
        release.wait(PATIENCE)
        return said(f"Answer {number}.")

    project = site.seed("world", slug="upkeep", prompts=1, model="/nowhere")["project"]
    with serving(reply) as endpoint:

        def ask(name: str) -> int:
            return int(site.seed("asking", project=project, base_url=endpoint.url, model_name=name, n=1))

        long = [ask(f"long-{number}") for number in range(SLOTS)]
        try:
            wait_for(lambda: site.sql(STATES, long) == [("running",)] * SLOTS, PATIENCE)
            waiting = ask("lost")
            assert site.sql(STATES, [waiting]) == [("queued",)], "every slot is taken"
            # As its row would look had another machine claimed it and died.
            site.sql(LOSE, waiting)
            wait_for(lambda: site.sql(STATES, [waiting]) == [("queued",)], PATIENCE)
            assert site.sql(STATES, long) == [("running",)] * SLOTS
        finally:
            release.set()
        wait_for(lambda: site.sql(STATES, [*long, waiting]) == [("done",)] * (SLOTS + 1), PATIENCE)
