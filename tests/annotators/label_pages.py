"""The labelling page in a real browser: what its tests share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

LONG = """\
Here is **one way** to do it:

1. Sort the list.
2. Take the middle element.

```python
def median(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]
```

For an even number of values, average the two in the middle. This takes `O(n log n)` time.
"""


def context_of(
    browser: Browser, people: People, live_server: LiveServer, name: str = "anna", **options: Any
) -> BrowserContext:
    context = browser.new_context(base_url=live_server.url, **options)
    session = people.client(name).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(10_000)
    return context


@contextmanager
def page_of(browser: Browser, people: People, live_server: LiveServer, **options: Any) -> Iterator[Page]:
    """Anna's browser. Any error of a script or of the content policy fails the test; what the page does in
    the background is over before the database is cleared."""
    context = context_of(browser, people, live_server, **options)
    errors: list[str] = []
    under_way: set[Request] = set()

    # Playwright marks the functions it calls, which a method of a built-in type does not allow.
    def began(request: Request) -> None:
        under_way.add(request)

    def ended(request: Request) -> None:
        under_way.discard(request)

    context.on("request", began)
    context.on("requestfinished", ended)
    context.on("requestfailed", ended)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
    page = context.new_page()
    try:
        yield page
    finally:
        context.route("**/*", lambda route: route.abort())  # nothing new
        for _ in range(50):
            page.wait_for_timeout(100)
            if not under_way:
                break
        context.close()
    assert not errors


def questions(people: People, n: int = 6) -> None:
    """Pairs about a median, each prompt with four earlier turns."""
    said = [
        {"role": role, "content": f"Turn {i} of before."} for i, role in enumerate(["user", "assistant"] * 2)
    ]
    for i in range(n):
        prompt = PromptFactory(
            project=people.project,
            messages=[*said, {"role": "user", "content": f"Question {i}: how do I find a median?"}],
        )
        PairFactory(prompt=prompt, response_a__text=LONG, response_b__text=f"Use `statistics.median` ({i}).")


def expect_answered(page: Page, n: int, of: int = 6) -> None:
    expect(page.locator("#progress")).to_contain_text(f"{n} of {of} answered by you")


def expect_question(page: Page, n: int) -> None:
    expect(page.locator("#turn")).to_contain_text(f"Question {n}:")


def expect_saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_have_text("Saved")


def close_guidelines(page: Page) -> None:
    expect(page.locator("#guideline-dialog")).to_be_visible()
    page.keyboard.press("Escape")
