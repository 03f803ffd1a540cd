"""The labelling page on a bad connection: the next pair is there at once, no answer is lost or doubled."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Dialog, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from annotators.models import Assignment, Campaign
from annotators.services.campaign_manage import campaign_pause
from curation.models import Judgment
from tests.annotators.conftest import label_url
from tests.annotators.label_pages import (
    close_guidelines,
    expect_answered,
    expect_question,
    expect_saved,
    page_of,
)
from tests.conftest import People

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

ANSWER = "**/label/assignments/*/answer/"
OUTBOX = (
    "JSON.parse(localStorage.getItem(Object.keys(localStorage)"
    ".find(key => key.startsWith('tiebreak:outbox'))) ?? '[]').length"
)


@pytest.fixture
def page(label_page: Page) -> Page:
    """The first question, with the one after it fetched."""
    # What the first page claims ahead would otherwise be counted while it is claimed.
    label_page.wait_for_load_state("networkidle")
    label_page.reload()
    label_page.wait_for_load_state("networkidle")
    close_guidelines_if_open(label_page)
    return label_page


def close_guidelines_if_open(page: Page) -> None:
    if page.locator("#guideline-dialog[open]").count():
        page.keyboard.press("Escape")


def state(page: Page, words: str) -> None:
    expect(page.locator("#save-state")).to_have_text(words)


def test_the_page_changes_before_the_server_has_answered(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(ANSWER, hold)
    page.keyboard.press("1")
    expect_question(page, 1)
    expect_answered(page, 1)
    state(page, "Saving…")
    assert not Judgment.objects.exists()
    for route in held:
        route.continue_()
    page.unroute(ANSWER)
    state(page, "Saved")
    assert Judgment.objects.get().preference == 3
    # One request per answer: the response brought the pair after the next.
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("2")
    expect_question(page, 2)
    expect_saved(page)
    page.wait_for_timeout(300)
    assert len(asked) == 1
    assert asked[0].endswith("/answer/")


def test_lost_and_back(page: Page) -> None:
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect_question(page, 1)
    state(page, "Waiting for the connection (1 to send)")
    page.keyboard.press("4")
    expect(page.locator(".answer-wait")).to_be_visible()  # nothing more is here to be answered
    page.keyboard.press("5")
    state(page, "Waiting for the connection (2 to send)")
    expect_answered(page, 2)
    page.context.set_offline(False)
    state(page, "Saved")
    expect_question(page, 2)
    expect_answered(page, 2)
    assert [judgment.preference for judgment in Judgment.objects.all()] == [3, -2]
    page.keyboard.press("3")
    expect_question(page, 3)
    expect_saved(page)
    assert Judgment.objects.count() == 3


def test_an_answer_whose_response_was_lost_is_not_doubled(page: Page) -> None:
    done = Event()

    def lose(route: Route) -> None:
        if not done.is_set():
            done.set()
            route.fetch()  # the server records it …
            route.abort("connectionreset")  # … and nobody hears of it
        else:
            route.continue_()

    page.route(ANSWER, lose)
    page.keyboard.press("2")
    state(page, "Saved")
    expect_question(page, 1)
    expect_answered(page, 1)
    assert Judgment.objects.count() == 1
    expect(page.locator("#notices")).to_be_empty()


def test_a_server_that_fails_is_tried_again(page: Page) -> None:
    tries: list[int] = []

    def fail_twice(route: Route) -> None:
        tries.append(1)
        if len(tries) < 3:
            route.fulfill(status=503, body="busy")
        else:
            route.continue_()

    page.route(ANSWER, fail_twice)
    page.keyboard.press("1")
    state(page, "Saved")
    assert len(tries) == 3
    assert Judgment.objects.count() == 1


def test_a_reload_in_the_middle_sends_what_was_left(page: Page) -> None:
    page.route(ANSWER, lambda route: route.abort("connectionreset"))
    page.keyboard.press("1")
    expect_question(page, 1)
    state(page, "Waiting for the connection (1 to send)")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.unroute(ANSWER)
    page.reload()
    assert asked == ["beforeunload"]
    expect_question(page, 1)
    state(page, "Saved")
    assert Judgment.objects.get().preference == 3
    assert page.evaluate(OUTBOX) == 0
    page.reload()  # with nothing to send nobody is asked
    assert asked == ["beforeunload"]
    expect_question(page, 1)
    expect_answered(page, 1)


def test_a_session_that_ended_asks_to_log_in_and_loses_nothing(page: Page, people: People) -> None:
    session = people.client("anna").cookies["sessionid"].value
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("1")
    page.wait_for_url("**/accounts/login/**")
    assert "next=/p/helpfulness/label/" in page.url
    page.fill("input[name=login]", "anna")
    page.fill("input[name=password]", "pass-phrase-1")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/label/**")
    state(page, "Saved")
    expect_question(page, 1)
    assert Judgment.objects.get().preference == 3
    assert session


def test_a_pair_that_went_to_someone_else_is_told(page: Page, medians: Campaign) -> None:
    Assignment.objects.update(state="expired", leased_until=timezone.now() - timedelta(hours=1))
    medians.campaign_pairs.update(slots_left=0)
    page.keyboard.press("1")
    expect(page.locator("#notices")).to_contain_text("given to someone else")
    expect_answered(page, 0)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#notices")).to_be_empty()


def test_a_campaign_that_was_paused_is_told(page: Page, medians: Campaign) -> None:
    campaign_pause(campaign=medians)
    page.keyboard.press("1")
    expect(page.locator("#notices")).to_contain_text("This campaign is paused")
    expect_answered(page, 0)
    assert page.evaluate(OUTBOX) == 0
    assert not Judgment.objects.exists()


def test_an_answer_that_is_not_one_comes_back_with_its_pair(page: Page) -> None:
    page.evaluate("document.querySelector('[data-action=choice_2] input').value = 'nonsense'")
    page.keyboard.press("2")
    expect(page.locator("#notices")).to_contain_text("“nonsense” is not an answer")
    expect_question(page, 0)
    expect_answered(page, 0)
    page.keyboard.press("2")
    expect_question(page, 1)
    expect_saved(page)
    assert Judgment.objects.get().preference == 2


def test_undo_waits_for_what_is_unsent(page: Page) -> None:
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect_question(page, 1)
    state(page, "Waiting for the connection (1 to send)")
    page.keyboard.press("u")
    expect(page.locator("#notices")).to_contain_text("not sent yet")
    page.context.set_offline(False)
    state(page, "Saved")
    page.keyboard.press("u")
    expect_question(page, 0)
    expect(page.locator("#former")).to_have_text(
        "You answered: Left much better. Change it, or submit it again as it is."
    )
    assert [judgment.outcome for judgment in Judgment.objects.all()] == ["preferred", "withdrawn"]


def test_undo_after_the_next_pair_was_shown_keeps_the_order(page: Page) -> None:
    page.keyboard.press("1")
    expect_question(page, 1)
    page.keyboard.press("2")
    expect_question(page, 2)
    expect_saved(page)
    page.keyboard.press("u")
    expect_question(page, 1)
    page.keyboard.press("u")
    expect_question(page, 0)
    expect_answered(page, 0)
    page.keyboard.press("Enter")  # the former answer again, on one key
    expect_question(page, 1)
    page.keyboard.press("5")
    expect_question(page, 2)
    page.keyboard.press("3")
    expect_question(page, 3)
    expect_saved(page)
    expect_answered(page, 3)
    current = Judgment.objects.current().order_by("pair_id")
    assert [judgment.preference for judgment in current] == [3, -3, None]
    assert page.evaluate("document.activeElement.id") == "prompt-title"


def test_a_second_tab(
    page: Page, browser: Browser, people: People, live_server: LiveServer, medians: Campaign
) -> None:
    with page_of(browser, people, live_server) as other:
        other.goto(label_url(medians))
        close_guidelines(other)
        expect_question(other, 0)
        page.keyboard.press("1")
        expect_question(page, 1)
        expect_saved(page)
        other.keyboard.press("5")
        expect(other.locator("#notices")).to_contain_text("already recorded; nothing was changed")
        expect_question(other, 1)
        assert Judgment.objects.get().preference == 3
