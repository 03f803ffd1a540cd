"""What runs the product names only things that exist: compose file, images, schedule, requirements."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery import current_app
from django.conf import settings

from config.settings.env import BASE_DIR
from config.supervisor import site_children
from config.tasks import QUEUES
from trainer_bridge.queues import UPKEEP_QUEUE, start_command

ROOT: Path = BASE_DIR
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker" / "compose.yml").read_text(encoding="utf-8"))
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
OURS = {"migrate", "web", "worker", "upkeep", "beat", "gpu-worker"}
PROVIDED = {"PORT", "POSTGRES_PASSWORD"}


def test_compose_has_every_part() -> None:
    assert set(COMPOSE["services"]) == OURS | {"postgres", "valkey"}
    for service in COMPOSE["services"].values():
        for dependency in service.get("depends_on", {}):
            assert dependency in COMPOSE["services"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_compose_builds_from_files_that_exist(name: str) -> None:
    build = COMPOSE["services"][name]["build"]
    context = (ROOT / "docker" / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()


@pytest.mark.parametrize("name", sorted(OURS))
def test_compose_commands_exist(name: str) -> None:
    command = COMPOSE["services"][name].get("command")
    if command is None:
        return
    assert command[0] in {"celery", "python"}
    if command[0] == "python":
        assert (ROOT / command[1]).is_file()
    else:
        assert (ROOT / command[command.index("-A") + 1] / "celery.py").is_file()
    if "-Q" in command:
        assert command[command.index("-Q") + 1] in {queue.name for queue in settings.CELERY_TASK_QUEUES}


def test_compose_variables_are_read_by_the_settings_or_the_workers() -> None:
    readers = [
        *(ROOT / "config" / "settings").glob("*.py"),
        *(ROOT / "trainer_bridge" / "contracts").glob("*.py"),
        *(ROOT / "trainer_bridge" / "workers").glob("*.py"),
    ]
    text = "".join(path.read_text(encoding="utf-8") for path in readers)
    for name in COMPOSE["x-tiebreak"]["environment"]:
        assert name == "DJANGO_SETTINGS_MODULE" or f'"{name}"' in text
    module = COMPOSE["x-tiebreak"]["environment"]["DJANGO_SETTINGS_MODULE"]
    assert (ROOT / (module.replace(".", "/") + ".py")).is_file()
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker" / "compose.yml").read_text(encoding="utf-8")))
    assert used <= set(COMPOSE["x-tiebreak"]["environment"]) | PROVIDED


def test_compose_volumes_are_declared() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_install_as_the_makefile_does(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"RUN make (.+)", path.read_text(encoding="utf-8"))
    assert targets
    for target in targets[0].split():
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_copy_what_exists(path: Path) -> None:
    for line in re.findall(r"^COPY (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source


def test_scheduled_tasks_exist() -> None:
    current_app.loader.import_default_modules()
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in current_app.tasks, name
        assert entry["options"]["expires"] > 4 * entry["schedule"].total_seconds(), name


def test_upkeep_is_what_the_schedule_sends_and_nothing_else() -> None:
    """Anything longer in its queue would hold up the recovery of everything else."""
    current_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {name for name, queue in QUEUES.items() if queue == UPKEEP_QUEUE} == scheduled
    router = current_app.amqp.Router()
    for name, queue in QUEUES.items():
        assert router.route({}, name)["queue"].name == queue


def served(commands: list[list[str]]) -> list[str]:
    """The queues of the worker commands, as often as they are served."""
    return sorted(command[command.index("-Q") + 1] for command in commands if "-Q" in command)


def test_each_queue_has_a_worker_of_its_own() -> None:
    queues = sorted(queue.name for queue in settings.CELERY_TASK_QUEUES)
    assert served([child.command for child in site_children("127.0.0.1", 8000)]) == queues
    in_image = re.search(
        r"^CMD (\[.+\])$", (ROOT / "docker" / "worker.Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert in_image
    commands = [service.get("command", []) for service in COMPOSE["services"].values()]
    assert served([*commands, json.loads(in_image[1])]) == queues
    documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for queue in queues:
        assert start_command(queue) in documented


def test_one_process_of_the_site_beats_and_no_job_can_hold_it_up() -> None:
    beating = [child for child in site_children("127.0.0.1", 8000) if "-B" in child.command]
    assert [child.name for child in beating] == ["worker-upkeep"]


@pytest.mark.parametrize("name", ["web", "dev", "ml", "vllm"])
def test_requirements_are_pinned(name: str) -> None:
    lines = (ROOT / "docker" / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    for pin in pins:
        assert re.fullmatch(r"[\w.\-\[\],]+==[\w.!\-]+( ; .+)?", pin), pin


def test_torch_is_the_one_version() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert "torch==2.13.0" in extras["ml"]
    for name in ("web", "dev"):
        text = (ROOT / "docker" / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert not re.search(r"^(torch|transformers|trl)==", text, re.MULTILINE)
