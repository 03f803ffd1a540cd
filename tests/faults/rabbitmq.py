"""A RabbitMQ of the tests' own: loopback only, its data in a folder, no daemon left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from config.services import free_port
from tests.site import wait_for

# Debian's wrapper on PATH would change to a user of its own; this is what it calls.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 60.0


class RabbitMQ:
    """One node; it closes a channel whose message is not acknowledged within `consumer_timeout` seconds."""

    def __init__(self, folder: Path, *, consumer_timeout: float) -> None:
        self.folder = folder
        self.port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True)
        (folder / "enabled_plugins").write_text("[].\n")
        # The node looks for late acknowledgements at each tick of a channel, once a minute by default.
        (folder / "rabbitmq.config").write_text(
            "[{rabbit, ["
            f"{{consumer_timeout, {round(consumer_timeout * 1000)}}}, "
            '{channel_tick_interval, 1000}, {loopback_users, [<<"guest">>]}]}].\n'
        )

    def start(self) -> None:
        epmd = ["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)]
        self._processes = [self._popen(epmd), self._popen([str(SERVER)])]
        wait_for(self._listens, START_SECONDS, self.log)

    def kill(self) -> None:
        """As the kernel would: the whole node at once."""
        for process in reversed(self._processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []

    def acknowledgements_missed(self) -> int:
        """How often it closed a channel because a message was not acknowledged in time."""
        return self.log().count("has timed out waiting for delivery acknowledgement")

    def log(self) -> str:
        """Everything the node has said so far."""
        files = sorted(self.folder.glob("*.log"))
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)

    def _popen(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": "tiebreak@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
        }
        with (self.folder / "output.log").open("ab") as log:
            return subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _listens(self) -> bool:
        assert self._processes[-1].poll() is None, self.log()[-2000:]
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
