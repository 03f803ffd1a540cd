"""The labelling page in a real browser: keyboard alone, by pointer, without JavaScript, and past axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotators.answers import Answer
from annotators.models import Campaign, LabelSettings
from annotators.services.assignment_claim import assignment_claim
from annotators.services.label_submit import label_submit
from curation.models import Judgment
from tests.annotators.conftest import label_url
from tests.annotators.label_pages import (
    close_guidelines,
    context_of,
    expect_answered,
    expect_question,
    expect_saved,
    page_of,
)
from tests.browser import violations
from tests.conftest import People

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def press(page: Page, key: str, done: int) -> None:
    page.keyboard.press(key)
    expect_answered(page, done)


def test_keyboard_alone(label_page: Page) -> None:
    page = label_page
    expect(page.locator("#guideline-dialog")).to_contain_text("Prefer what helps.")
    page.keyboard.press("1")  # an answer is not given behind a dialog
    page.keyboard.press("Escape")
    for done, key in enumerate(["1", "2", "3", "5", "b"], start=1):
        press(page, key, done)
        expect_question(page, done)
    expect(page.locator("#announce")).to_have_text("Both bad. Next pair.")
    expect(page.locator("#prompt-title")).to_be_focused()
    press(page, "u", 4)
    page.keyboard.press("s")
    expect(page.locator("#skip-dialog")).to_be_visible()
    press(page, "3", 5)
    expect_saved(page)
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


def test_dialogs_open_and_close_by_key(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    for key, dialog in (("g", "guideline"), ("?", "keys"), ("s", "skip")):
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}-dialog")).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}-dialog")).not_to_be_visible()
    page.keyboard.press("Control+3")
    expect_answered(page, 0)
    expect(page.locator("details[data-context]")).not_to_have_attribute("open", "")
    page.keyboard.press("c")
    expect(page.get_by_text("Turn 1 of before.")).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_text("Turn 1 of before.")).not_to_be_visible()


def test_words_that_differ_on_one_key(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    page.keyboard.press("d")
    expect(page.locator("#turn del").first).to_be_visible()
    expect(page.locator("#turn ins").first).to_be_visible()
    expect(page.locator(".response-body pre")).not_to_be_visible()
    page.keyboard.press("d")
    expect(page.locator("#turn ins").first).not_to_be_visible()
    expect(page.locator(".response-body pre")).to_be_visible()
    page.get_by_role("button", name="Words that differ").click()
    expect(page.locator("#turn ins").first).to_be_visible()
    page.keyboard.press("3")  # the next pair is shown as written
    expect_answered(page, 1)
    expect(page.locator("#turn ins")).to_have_count(0)


def test_both_sides_scroll_together_when_linked(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    page.set_viewport_size({"width": 1280, "height": 600})
    left, right = page.locator(".response-body").first, page.locator(".response-body").last
    page.evaluate(
        "document.querySelectorAll('.response-body [data-rendered]').forEach((e, i) => "
        "{ for (let n = 0; n < 60 + 60 * i; n += 1) e.append(document.createElement('p'), 'line'); })"
    )
    left.evaluate("e => { e.scrollTop = 100; }")
    page.wait_for_timeout(200)
    assert right.evaluate("e => e.scrollTop") == 0
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Linked scrolling")).to_have_attribute("aria-pressed", "true")
    left.evaluate("e => { e.scrollTop = e.scrollHeight; }")
    page.wait_for_function(
        "() => { const e = [...document.querySelectorAll('.response-body')].at(-1);"
        " return e.scrollTop > 0.9 * (e.scrollHeight - e.clientHeight); }"
    )
    page.keyboard.press("k")
    page.wait_for_function("() => document.querySelector('.response-body').scrollTop < 10000")
    page.wait_for_timeout(300)
    assert LabelSettings.objects.get().linked_scrolling


def test_single_keys_can_be_switched_off(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    page.keyboard.press("?")
    with page.expect_response("**/switch/"):
        page.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.reload()
    page.keyboard.press("1")
    expect_answered(page, 0)
    page.wait_for_timeout(700)  # a click right after a pair appears is taken for half of a double click
    page.locator("label", has_text="Tie").click()
    expect_answered(page, 1)
    expect_saved(page)
    assert Judgment.objects.get().outcome == "tie"


def test_a_key_that_was_changed(label_page: Page, people: People, medians: Campaign) -> None:
    page = label_page
    close_guidelines(page)
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Answer 1 from the left").fill("Q")
    page.get_by_label("Take the last answer back").fill("s")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot both have the key s")
    page.get_by_label("Take the last answer back").fill("z")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("label[data-action=choice_1] kbd")).to_have_text("q")
    page.keyboard.press("1")
    expect_answered(page, 0)
    press(page, "q", 1)
    expect_saved(page)
    assert Judgment.objects.get().preference == 3
    press(page, "z", 0)
    page.keyboard.press("?")
    expect(page.get_by_role("row", name="q Left much better")).to_be_visible()


def test_with_going_on_switched_off_a_key_chooses_and_enter_submits(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    page.keyboard.press("a")
    page.keyboard.press("1")
    page.keyboard.press("4")
    expect(page.get_by_role("radio", name="Right better")).to_be_checked()
    expect_answered(page, 0)
    page.keyboard.press("Enter")
    expect_answered(page, 1)
    page.keyboard.press("Enter")  # nothing is chosen, so nothing is sent
    page.locator("label", has_text="Tie").click()
    expect_answered(page, 1)
    page.get_by_role("button", name="Submit").click()
    expect_answered(page, 2)
    expect_saved(page)
    assert list(Judgment.objects.values_list("preference", flat=True)) == [-2, None]


def test_arrow_keys_choose_without_sending(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    expect(page.get_by_role("button", name="Submit")).not_to_be_visible()
    page.get_by_role("radio", name="Left much better").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Tie")).to_be_checked()
    expect(page.get_by_role("button", name="Submit")).to_be_visible()
    expect_answered(page, 0)
    page.keyboard.press("Enter")
    expect_answered(page, 1)


def test_a_double_click_answers_one_pair(label_page: Page) -> None:
    page = label_page
    close_guidelines(page)
    page.locator("label", has_text="Left better").dblclick()
    expect_question(page, 1)
    expect_answered(page, 1)
    expect_saved(page)
    assert Judgment.objects.count() == 1


def test_without_javascript(
    browser: Browser, people: People, live_server: LiveServer, medians: Campaign
) -> None:
    context = context_of(browser, people, live_server, java_script_enabled=False)
    page = context.new_page()
    page.goto(label_url(medians))
    page.locator("label", has_text="Right better").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Recorded: right better.")).to_be_visible()
    page.get_by_role("link", name="Words that differ").click()
    expect(page.locator("ins").first).to_be_visible()
    page.get_by_role("link", name="Back to the pair").click()
    page.locator("summary", has_text="Skip this pair").click()
    page.locator("#skip-reason").select_option("Unsafe")
    page.get_by_role("button", name="Skip", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    assert "You answered: Skipped: unsafe." in page.content()
    expect_answered(page, 1)
    assert [judgment.preference for judgment in Judgment.objects.current()] == [-2]
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(
    browser: Browser, people: People, live_server: LiveServer, medians: Campaign, width: int
) -> None:
    with page_of(browser, people, live_server, viewport={"width": width, "height": 800}) as page:
        page.goto(label_url(medians))
        assert violations(page) == []  # with the guidelines open
        page.keyboard.press("Escape")
        for dialog in ("s", "?"):
            page.keyboard.press(dialog)
            assert violations(page) == []
            page.keyboard.press("Escape")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.keyboard.press("d")
        expect(page.locator("#turn ins").first).to_be_visible()
        page.keyboard.press("1")
        page.keyboard.press("u")  # with a former answer chosen, and Submit in view
        expect(page.locator("#former")).to_be_visible()
        assert violations(page) == []
        for path in ("work/", "label/settings/"):
            page.goto(f"/p/helpfulness/{path}")
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_axe_finds_nothing_on_the_pages_of_a_campaign(
    browser: Browser, people: People, live_server: LiveServer, medians: Campaign
) -> None:
    turn = assignment_claim(campaign=medians, user=people.anna)
    assert turn is not None
    label_submit(assignment_id=turn.pk, user=people.anna, answer=Answer("tie"))
    context = context_of(browser, people, live_server, name="rita")
    page = context.new_page()
    one = f"campaigns/{medians.pk}/"
    for path in ("campaigns/", "campaigns/new/", one, f"{one}answers/", f"{one}guidelines/"):
        page.goto(f"/p/helpfulness/{path}")
        assert violations(page) == [], path
    context.close()
