"""Headless Chromium for tests: the machine's own, or the one Playwright brought."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

CONTRAST = "axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's own loop runs in this thread; the test's queries beside it are not asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """What axe finds in the page as it stands: every rule in light colours, contrast in dark ones too."""
    expect(page.locator(".htmx-request")).to_have_count(0)  # what waits for an answer is dimmed
    page.emulate_media(color_scheme="light")
    found = [(item, "light") for item in Axe().run(page).response["violations"]]
    page.emulate_media(color_scheme="dark")
    found += [(item, "dark") for item in page.evaluate(CONTRAST)["violations"]]
    page.emulate_media(color_scheme="light")
    return [f"{item['id']} in {scheme}: {item['nodes'][0]['html'][:160]}" for item, scheme in found]
