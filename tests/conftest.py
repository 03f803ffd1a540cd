"""The people every access test meets, and chance that falls alike in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from hypothesis import settings as hypothesis
from playwright.sync_api import Browser

from config.settings.env import BASE_DIR
from curation.models import Project, User
from tests.browser import chromium
from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.ml_children import MlChildren

# Without a clock, which a busy machine would fail, and with the same examples in every run.
hypothesis.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _same_chances(request: pytest.FixtureRequest) -> None:
    """What the product draws, such as the response shown left, is the same in each run of a test."""
    random.seed(request.node.nodeid)


@dataclass
class People:
    """Everyone with a stake in `project`, and Charlie, who has a project of his own only."""

    project: Project
    alice: User  # owner
    rita: User  # researcher
    rob: User  # reviewer
    anna: User  # annotator
    charlie: User  # outsider

    def client(self, name: str) -> Client:
        """A logged-in browser for the named person; `anonymous` for none."""
        client = Client()
        if name != "anonymous":
            client.force_login(getattr(self, name))
        return client


def streamed(response: Any) -> bytes:
    """The whole body of a streaming response."""
    return b"".join(response.streaming_content)


@pytest.fixture
def people(db: None) -> People:
    project = ProjectFactory(name="Helpfulness", slug="helpfulness")
    roles = {"alice": "owner", "rita": "researcher", "rob": "reviewer", "anna": "annotator"}
    users = {name: UserFactory(username=name) for name in [*roles, "charlie"]}
    for name, role in roles.items():
        MembershipFactory(project=project, user=users[name], role=role)
    MembershipFactory(project=ProjectFactory(slug="elsewhere"), user=users["charlie"], role="owner")
    return People(project=project, **users)


@pytest.fixture(scope="session")
def ml_python() -> str:
    """The interpreter of the worker scripts."""
    if not Path(settings.ML_PYTHON).exists():
        pytest.skip(f"no worker environment at {settings.ML_PYTHON}; build it with `make setup`")
    return str(settings.ML_PYTHON)


@pytest.fixture(scope="session")
def ml(ml_python: str) -> Iterator[MlChildren]:
    """Processes of that interpreter."""
    with MlChildren(ml_python) as children:
        yield children


@pytest.fixture(scope="session")
def tiny_model(ml: MlChildren, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer model with a chat template."""
    folder = tmp_path_factory.mktemp("tiny")
    ml.answer("tests.tiny_model", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_model(ml_python: str) -> Path:
    """SmolLM2-135M-Instruct."""
    folder = BASE_DIR / "var" / "models" / "smollm2-135m-instruct"
    if not (folder / "config.json").exists():
        pytest.skip(f"no SmolLM2 at {folder}; build it with `make setup`")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the whole run: Playwright does not start twice in one process."""
    with chromium() as browser:
        yield browser
