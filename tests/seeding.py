"""Seeds of a real site: one process in the site's environment, which loads Django once.

Each request is a fork of it, with connections of its own: nothing that a test kills stays open in here.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from config.settings.env import BASE_DIR


class Seeder:
    """The process, as seen by a test. It ends with its standard input."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.environment = environment
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.seeding"],
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, module: str, function: str, arguments: dict[str, Any]) -> Any:
        """What the module's function returns; fails with the end of the log where it raises."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([module, function, arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer.strip(), self._log.read_text(encoding="utf-8")[-4000:]
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


def main() -> None:
    import django

    django.setup()
    import_module("tests.seeds")  # what most requests need
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _answer(*json.loads(line))
        if os.waitpid(child, 0)[1] != 0:
            print(flush=True)  # noqa: T201 -- an empty line: the log says what happened


def _answer(module: str, function: str, arguments: dict[str, Any]) -> None:
    """In the fork, which ends here, in a traceback where the function raises."""
    with contextlib.redirect_stdout(sys.stderr):
        made = getattr(import_module(module), function)(**arguments)
    print(json.dumps(made), flush=True)  # noqa: T201 -- the answer to whoever asked
    os._exit(0)


if __name__ == "__main__":
    main()
