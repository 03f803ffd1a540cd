"""The labelling page in a real browser: keyboard alone, without JavaScript, and past axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotators.answers import Answer
from annotators.models import Assignment, Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from curation.models import Judgment
from tests.annotators.conftest import MakeCampaign, label_url
from tests.browser import chromium
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def campaign(people: People, make_campaign: MakeCampaign) -> Campaign:
    said = [
        {"role": role, "content": f"Turn {i} of before."} for i, role in enumerate(["user", "assistant"] * 2)
    ]
    for i in range(6):
        prompt = PromptFactory(
            project=people.project,
            messages=[*said, {"role": "user", "content": f"Question {i}: how do I find a median?"}],
        )
        PairFactory(prompt=prompt, response_a__text=LONG, response_b__text=f"Use `statistics.median` ({i}).")
    return make_campaign(0, name="Helpfulness, round 1", guidelines="Prefer what **helps**.")


def context_of(
    browser: Browser, people: People, live_server: LiveServer, name: str = "anna", **options: object
) -> BrowserContext:
    context = browser.new_context(base_url=live_server.url, **options)  # type: ignore[arg-type]
    session = people.client(name).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def page(browser: Browser, people: People, live_server: LiveServer, campaign: Campaign) -> Iterator[Page]:
    context = context_of(browser, people, live_server)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Security Policy" in said.text else None)
    page.goto(label_url(campaign))
    yield page
    context.close()
    assert not errors


def press(page: Page, key: str, done: int) -> None:
    page.keyboard.press(key)
    expect(page.locator("#turn")).to_contain_text(f"{done} of 6 answered by you")


def test_keyboard_alone(page: Page) -> None:
    expect(page.locator("#guideline-dialog")).to_contain_text("Prefer what helps.")
    page.keyboard.press("1")  # an answer is not given behind a dialog
    page.keyboard.press("Escape")
    for done, key in enumerate(["1", "2", "3", "5", "b"], start=1):
        press(page, key, done)
    expect(page.locator("#announce")).to_have_text("Recorded: both bad. Next pair.")
    expect(page.locator("#prompt-title")).to_be_focused()
    press(page, "u", 4)
    page.keyboard.press("s")
    expect(page.locator("#skip-dialog")).to_be_visible()
    press(page, "3", 5)
    current = Judgment.objects.current()
    answers = list(current.values_list("outcome", "preference", "skip_reason"))
    assert answers == [
        ("preferred", 3, ""),
        ("preferred", 2, ""),
        ("tie", None, ""),
        ("preferred", -3, ""),
        ("skip", None, "broken"),
    ]
    assert all(0 < judgment.duration_ms < 60_000 for judgment in current)


def test_dialogs_open_and_close_by_key(page: Page) -> None:
    page.keyboard.press("Escape")
    for key, dialog in (("g", "guideline"), ("?", "keys"), ("s", "skip")):
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}-dialog")).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}-dialog")).not_to_be_visible()
    page.keyboard.press("Control+3")
    expect(page.locator("#turn")).to_contain_text("0 of 6 answered by you")


def test_single_keys_can_be_switched_off(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.reload()
    page.keyboard.press("1")
    page.get_by_role("button", name="Tie").click()
    expect(page.locator("#turn")).to_contain_text("1 of 6 answered by you")
    assert Judgment.objects.get().outcome == "tie"


def test_a_lost_pair_and_a_lost_connection_are_told(page: Page, campaign: Campaign) -> None:
    page.keyboard.press("Escape")
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("#send-error")).to_contain_text("was not sent")
    page.context.set_offline(False)
    Assignment.objects.update(state="expired", leased_until=timezone.now() - timedelta(hours=1))
    campaign.campaign_pairs.update(slots_left=0)
    page.keyboard.press("1")
    expect(page.locator("#turn")).to_contain_text("given to someone else")
    expect(page.locator("#send-error")).to_be_empty()


def test_a_session_that_ended_asks_to_log_in(page: Page, people: People) -> None:
    page.keyboard.press("Escape")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("1")
    page.wait_for_url("**/accounts/login/**")
    assert "next=/p/helpfulness/label/" in page.url


def test_without_javascript(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign
) -> None:
    page = context_of(browser, people, live_server, java_script_enabled=False).new_page()
    page.goto(label_url(campaign))
    page.get_by_role("button", name="Right better").click()
    page.locator("summary", has_text="Skip this pair").click()
    page.locator("#skip-reason").select_option("Unsafe")
    page.get_by_role("button", name="Skip", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    assert "1 of 6 answered by you" in page.content()
    assert [judgment.preference for judgment in Judgment.objects.current()] == [-2]
    page.context.close()


@pytest.mark.parametrize("look", list(product(["light", "dark"], [1280, 390])), ids=str)
def test_axe_finds_nothing(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign, look: tuple[str, int]
) -> None:
    context = context_of(
        browser, people, live_server, color_scheme=look[0], viewport={"width": look[1], "height": 800}
    )
    page = context.new_page()
    page.goto(label_url(campaign))
    assert violations(page) == []  # with the guidelines open
    page.keyboard.press("Escape")
    for dialog in ("s", "?"):
        page.keyboard.press(dialog)
        assert violations(page) == []
        page.keyboard.press("Escape")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.goto("/p/helpfulness/work/")
    assert violations(page) == []
    context.close()


def test_axe_finds_nothing_on_the_pages_of_a_campaign(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign
) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    label_submit(assignment_id=turn.pk, user=people.anna, answer=Answer("tie"))
    context = context_of(browser, people, live_server, name="rita")
    page = context.new_page()
    one = f"campaigns/{campaign.pk}/"
    for path in ("campaigns/", "campaigns/new/", one, f"{one}answers/", f"{one}guidelines/"):
        page.goto(f"/p/helpfulness/{path}")
        assert violations(page) == [], path
    context.close()


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]
