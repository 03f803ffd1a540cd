"""Serve the site on this machine: web, workers and, where none are configured, the servers they need."""

from __future__ import annotations

import signal
import socket
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.settings.env import VAR_DIR
from config.supervisor import Supervisor, site_supervisor

START_SECONDS = 60.0


class Command(BaseCommand):
    help = "Start the web server, the workers and the embedded servers; Ctrl-C stops all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *_: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        require_free_port(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        stop_on_signals()
        try:
            with site_supervisor(host, port) as site:
                url = wait_until_serving(site, host, port)
                self.stdout.write(f"Tiebreak is at {url}  (logs: {VAR_DIR / 'log'}; Ctrl-C stops everything)")
                site.wait()
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")


def require_free_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error}. Choose another with PORT=…."
            ) from error


def stop_on_signals() -> None:
    """Let SIGTERM take the same orderly way out as Ctrl-C, which a shell's background jobs would ignore."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def wait_until_serving(site: Supervisor, host: str, port: int) -> str:
    """The site's URL once its login page answers."""
    url = f"http://{host}:{port}/"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}accounts/login/", timeout=5):  # noqa: S310 -- our own address
                return url
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise CommandError(
        f"The web server did not answer within {START_SECONDS:.0f} s; see {site.log_dir}/web.log"
    )
