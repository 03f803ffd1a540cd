"""The whole loop on this machine: prompts to an evaluated DPO model, then the site with its results."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from rich.console import Console

from config.demo.loop import DemoLoop
from config.demo.memory import PeakMemory
from config.demo.people import LOGINS, demo_password
from config.demo.state import DemoState
from config.demo.summary import demo_summary, print_summary
from config.management.commands.up import require_free_port, stop_on_signals, wait_until_serving
from config.services import free_port, postgres_server, services_are_embedded
from config.settings.env import VAR_DIR
from config.supervisor import site_supervisor

FOLDER = VAR_DIR / "demo"
INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


class Command(BaseCommand):
    help = "Run the whole loop once with a small real model; then serve the site, unless --headless."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--headless", action="store_true", help="exit when the loop is through")

    def handle(self, *_: Any, **options: Any) -> None:
        host, port = options["host"], free_port() if options["headless"] else options["port"]
        require_free_port(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        stop_on_signals()
        console = Console()
        state = DemoState.load(FOLDER / "state.json")
        try:
            with site_supervisor(host, port) as site:
                url = wait_until_serving(site, host, port)
                run_loop(console, state)
                if not options["headless"]:
                    say_where(console, url)
                    site.wait()
        except KeyboardInterrupt:
            console.print("Stopped. What was finished is kept: the next start goes on from here.")
            if options["headless"]:
                sys.exit(INTERRUPTED)  # a check must not take half a loop for a whole one


def run_loop(console: Console, state: DemoState) -> None:
    """The loop as far as it is not done, its summary on screen and in `summary.json`."""
    servers = [postgres_server(VAR_DIR / "postgres").get_pid()] if services_are_embedded() else []
    if "campaign" not in state.ids:
        with PeakMemory(servers) as memory:
            DemoLoop(console, state).run()
        state.peak_memory_gib = max(state.peak_memory_gib, memory.peak_gib)
        state.save()
    summary = demo_summary(state)
    (FOLDER / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print_summary(console, summary)
    console.print(f"Written to {FOLDER / 'summary.json'}")


def say_where(console: Console, url: str) -> None:
    password = demo_password(FOLDER)
    console.print(f"\nTiebreak is at {url}  (Ctrl-C stops everything)", markup=False)
    for name, role in LOGINS.items():
        console.print(f"  {role.label:<10}  login {name}  password {password}", markup=False)
