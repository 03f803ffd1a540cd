"""A real site with a tiny model, and browsers that are logged in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from tests.site import RealSite

PASSWORD = "pass-phrase-1"
LogIn = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def site() -> Iterator[RealSite]:
    site = RealSite(settings.TEST_ROOT / "site-e2e")
    site.start()
    try:
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def world(site: RealSite, tiny_model: Path) -> dict[str, Any]:
    """A project with something on every page, and an empty one beside it."""
    model = shutil.copytree(tiny_model, site.var / "models" / "tiny", dirs_exist_ok=True)
    made: dict[str, Any] = site.seed("whole", module="tests.e2e.world_seed", model=str(model))
    return made


@pytest.fixture
def log_in(site: RealSite, browser: Browser) -> LogIn:
    """`with log_in("alice") as page`: any error in the console or the policy fails the test at the end."""

    @contextmanager
    def enter(user: str, **context: Any) -> Iterator[Page]:
        with_context = browser.new_context(**context)
        page = with_context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        send_login(page, site, user)
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        yield page
        with_context.close()
        assert faults == []

    return enter


def send_login(page: Page, site: RealSite, user: str) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.fill("input[name=login]", user)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
