"""SIGKILL in the middle of a freeze: no half version, and in the end exactly one."""

from __future__ import annotations

import os
import signal

import psycopg
import pytest

from tests.site import RealSite, wait_for

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

PATIENCE = 120.0
WAITS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND query ILIKE 'INSERT INTO \"curation_datasetversion\"%%'"
)
ROWS = "SELECT (SELECT count(*) FROM curation_datasetrow), (SELECT count(*) FROM curation_droppedpair)"
STATE = "SELECT state, attempt, version_id IS NOT NULL FROM curation_datasetfreeze WHERE id = %s"


def hold_versions(site: RealSite) -> psycopg.Connection[tuple[object, ...]]:
    """Until it is closed, a freeze writes all its rows and then waits to write its version."""
    connection = psycopg.connect(site.database_url)
    connection.execute("LOCK TABLE curation_datasetversion IN SHARE MODE")
    return connection


def start_freeze(site: RealSite, slug: str) -> int:
    """A freeze that waits with all its rows written."""
    freeze = int(site.seed("freezing", module="tests.faults.freeze_seed", slug=slug))
    wait_for(lambda: site.sql(WAITS) == [(1,)], PATIENCE, lambda: str(site.sql(STATE, freeze)))
    return freeze


def kill_cpu_worker(site: RealSite) -> None:
    worker = wait_for(lambda: site.processes("celery", "cpu@"), 60)[0]
    os.killpg(os.getpgid(worker.pid), signal.SIGKILL)


def versions_of(site: RealSite, slug: str) -> list[tuple[int, int, int]]:
    return site.sql(
        "SELECT number, n_rows, n_dropped FROM curation_datasetversion v "
        "JOIN curation_project p ON p.id = v.project_id WHERE p.slug = %s",
        slug,
    )


def test_a_freeze_survives_its_worker(site: RealSite) -> None:
    [(rows, dropped)] = site.sql(ROWS)
    holding = hold_versions(site)
    freeze = start_freeze(site, "frozen")
    kill_cpu_worker(site)
    holding.close()
    wait_for(lambda: site.sql(STATE, freeze)[0][0] == "done", PATIENCE, lambda: str(site.sql(STATE, freeze)))
    assert site.sql(STATE, freeze) == [("done", 2, True)]
    assert versions_of(site, "frozen") == [(1, 2, 1)]
    assert site.sql(ROWS) == [(rows + 2, dropped + 1)]


def test_a_freeze_survives_the_death_of_the_database(site: RealSite) -> None:
    holding = hold_versions(site)
    freeze = start_freeze(site, "frozen-again")
    site.postmaster().kill()
    holding.close()

    def state() -> str | None:
        try:
            return str(site.sql(STATE, freeze)[0][0])
        except Exception:  # noqa: BLE001 -- the database is what was killed
            return None

    wait_for(lambda: state() == "done", PATIENCE)
    assert versions_of(site, "frozen-again") == [(1, 2, 1)]
