"""SIGKILL in the middle of real work: nothing finished is lost, nothing is made twice, the job ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.site import RealSite, wait_for

pytestmark = pytest.mark.faults
# Two groups, so that two test workers share these minutes, each with a site of its own.
QUICK, LONG = pytest.mark.xdist_group("faults"), pytest.mark.xdist_group("faults-models")

PROMPTS, DRAWS, RESPONSES = 30, 4, 4


def kill_child(site: RealSite) -> None:
    wait_for(lambda: site.processes("trainer_bridge.workers"), 60)[0].kill()


def kill_worker(site: RealSite) -> None:
    # The whole process group, as the kernel's memory killer may take it: main process and pool.
    os.killpg(os.getpgid(wait_for(lambda: site.processes("celery", "gpu@"), 60)[0].pid), signal.SIGKILL)


def kill_broker(site: RealSite) -> None:
    wait_for(lambda: site.processes("valkey-server"), 60)[0].kill()


def kill_database(site: RealSite) -> None:
    site.postmaster().kill()


KILLS: dict[str, Callable[[RealSite], None]] = {
    "child": kill_child,
    "worker": kill_worker,
    "broker": kill_broker,
    "database": kill_database,
}


def finished(site: RealSite, job: int) -> Callable[[], Any]:
    def state() -> str | None:
        try:
            found = str(site.sql("SELECT state FROM trainer_bridge_job WHERE id = %s", job)[0][0])
        except Exception:  # noqa: BLE001 -- the database may be what was killed
            return None
        return found if found in {"done", "failed", "cancelled"} else None

    return state


def explain(site: RealSite, job: int) -> Callable[[], str]:
    return lambda: str(
        site.sql(
            "SELECT state, attempt, message, error, error_detail FROM trainer_bridge_job WHERE id=%s", job
        )
    )


@QUICK
@pytest.mark.parametrize("what", sorted(KILLS))
def test_sampling_survives(site: RealSite, tiny_model: Path, what: str) -> None:
    made = site.seed("world", slug=f"sampling-{what}", prompts=PROMPTS, model=str(tiny_model))
    job = site.seed("sampling", **made, n=DRAWS, max_tokens=120, batch_size=8)
    mine = (
        "SELECT r.id, r.text_hash FROM curation_response r "
        "JOIN curation_prompt p ON p.id = r.prompt_id WHERE p.project_id = %s"
    )
    wait_for(lambda: site.sql(mine, made["project"]), 90, explain(site, job))
    before = set(site.sql(mine, made["project"]))
    assert len(before) < PROMPTS * DRAWS, "the job must still be running for the kill to mean anything"

    KILLS[what](site)

    assert wait_for(finished(site, job), 180, explain(site, job)) == "done"
    after = site.sql(mine, made["project"])
    assert before <= set(after)
    assert len(after) == PROMPTS * DRAWS
    draws = site.sql(
        "SELECT count(*), count(DISTINCT (r.prompt_id, r.sample_index)) FROM curation_response r "
        "JOIN curation_prompt p ON p.id = r.prompt_id WHERE p.project_id = %s",
        made["project"],
    )
    assert draws == [(PROMPTS * DRAWS, PROMPTS * DRAWS)]


@QUICK
@pytest.mark.parametrize("what", sorted(KILLS))
def test_scoring_survives(site: RealSite, tiny_model: Path, what: str) -> None:
    made = site.seed("world", slug=f"scoring-{what}", prompts=PROMPTS, model=str(tiny_model))
    site.seed("responses", project=made["project"], per_prompt=RESPONSES, length=480)
    pairs = site.seed("pairs", project=made["project"])
    job = site.seed("scoring", **made)
    mine = (
        "SELECT s.id, s.value FROM curation_pairscore s JOIN curation_pair p ON p.id = s.pair_id "
        "JOIN curation_prompt q ON q.id = p.prompt_id WHERE q.project_id = %s"
    )
    wait_for(lambda: site.processes("trainer_bridge.workers.score_pairs"), 60, explain(site, job))
    before = set(site.sql(mine, made["project"]))

    KILLS[what](site)

    assert wait_for(finished(site, job), 180, explain(site, job)) == "done"
    after = site.sql(mine, made["project"])
    assert before <= set(after)
    # ches and ln_ches, each for both directions
    assert len(after) == 4 * pairs


@LONG
@pytest.mark.real_model
@pytest.mark.parametrize("what", ["child", "database"])
def test_embedding_survives(site: RealSite, tiny_model: Path, what: str) -> None:
    made = site.seed("world", slug=f"embedding-{what}", prompts=PROMPTS, model=str(tiny_model))
    site.seed("responses", project=made["project"], per_prompt=RESPONSES, length=480)
    pairs = site.seed("pairs", project=made["project"])
    job = site.seed("embedding", module="tests.embedding_seed", **made)
    mine = (
        "SELECT e.id, e.vector::text FROM curation_responseembedding e JOIN curation_response r "
        "ON r.id = e.response_id JOIN curation_prompt p ON p.id = r.prompt_id WHERE p.project_id = %s"
    )
    wait_for(lambda: site.processes("trainer_bridge.workers.embed_texts"), 60, explain(site, job))
    before = set(site.sql(mine, made["project"]))

    KILLS[what](site)

    assert wait_for(finished(site, job), 180, explain(site, job)) == "done"
    after = site.sql(mine, made["project"])
    assert before <= set(after)
    assert len(after) == PROMPTS * RESPONSES
    # semantic_distance once, relevance_gap for both directions
    scores = (
        "SELECT count(*) FROM curation_pairscore s JOIN curation_pair p ON p.id = s.pair_id "
        "JOIN curation_prompt q ON q.id = p.prompt_id WHERE q.project_id = %s"
    )
    assert site.sql(scores, made["project"]) == [(3 * pairs,)]


@LONG
@pytest.mark.parametrize("what", sorted(KILLS))
def test_training_survives(site: RealSite, tiny_model: Path, what: str) -> None:
    made = site.seed("world", slug=f"training-{what}", prompts=8, model=str(tiny_model))
    site.seed("responses", project=made["project"], per_prompt=4, length=120)
    site.seed("pairs", project=made["project"])
    site.seed("judgments", project=made["project"])
    job = site.seed("training", **made, steps=60, save_steps=5)
    steps = (
        "SELECT m.step FROM trainer_bridge_trainingmetric m "
        "JOIN trainer_bridge_trainingrun r ON r.id = m.run_id WHERE r.job_id = %s ORDER BY m.step"
    )
    wait_for(lambda: len(site.sql(steps, job)) > 6, 120, explain(site, job), pause=0.1)
    assert not finished(site, job)(), "the job must still be running for the kill to mean anything"

    KILLS[what](site)

    assert wait_for(finished(site, job), 180, explain(site, job)) == "done"
    assert [step for (step,) in site.sql(steps, job)] == list(range(1, 61))
    registered = site.sql(
        "SELECT count(*) FROM trainer_bridge_trainingrun WHERE job_id = %s AND model_id IS NOT NULL", job
    )
    assert registered == [(1,)]


@QUICK
def test_ctrl_c_stops_everything_and_a_second_start_finds_its_data(site: RealSite) -> None:
    """Last in this file: it takes the shared site down and up again."""
    before = site.sql("SELECT count(*) FROM curation_response")
    assert site.process is not None
    everything = [*site.processes(""), site.postmaster()]
    started = [(process.pid, process.name()) for process in everything]

    site.stop()

    assert not [(pid, name) for pid, name in started if running(pid)]
    site.start(fresh=False)
    assert site.sql("SELECT count(*) FROM curation_response") == before


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
