"""Headless Chromium for tests: the machine's own, or the one Playwright brought."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect, sync_playwright

AXE = AXE_SCRIPT + Path(__file__).with_name("axe.js").read_text(encoding="utf-8")
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
    if not page.evaluate("'axe' in window"):
        page.add_init_script(AXE)  # the pages after this one bring it along: sending it takes longer
        page.evaluate(AXE)
    page.emulate_media(color_scheme="dark")
    found = [f"{rule} in dark: {html}" for rule, html in page.evaluate("axeViolations", "contrast")]
    page.emulate_media(color_scheme="light")
    return found + [f"{rule} in light: {html}" for rule, html in page.evaluate("axeViolations", "every rule")]
