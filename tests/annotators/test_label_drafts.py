"""What is filled in stays: after a reload, on another machine, and while the page is open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotators.models import Assignment, Campaign, GoldPair, LabelSettings
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from curation.models import Pair
from tests.annotators.conftest import MakeCampaign, label_url
from tests.annotators.label_pages import close_guidelines, expect_answered, expect_question, page_of
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

KEEP = "**/keep/"


def test_a_choice_not_yet_sent_is_there_again(
    label_page: Page, browser: Browser, people: People, live_server: LiveServer, medians: Campaign
) -> None:
    LabelSettings.objects.create(user=people.anna, auto_advance=False)
    page = label_page
    page.reload()
    with page.expect_response(KEEP) as kept:
        page.keyboard.press("4")
    assert kept.value.status == 204
    assert Assignment.objects.get(draft__isnull=False).draft == {"answer": ["right"]}
    page.reload()
    expect(page.get_by_role("radio", name="Right better")).to_be_checked()
    with page_of(browser, people, live_server) as other:
        other.goto(label_url(medians))
        close_guidelines(other)
        expect(other.get_by_role("radio", name="Right better")).to_be_checked()
        other.keyboard.press("Enter")
        expect_question(other, 1)
        expect_answered(other, 1)
        expect(other.get_by_role("radio", checked=True)).to_have_count(0)
    assert not Assignment.objects.filter(draft__isnull=False).exists()


def test_the_lease_is_renewed_while_the_page_is_open(label_page: Page, medians: Campaign) -> None:
    page = label_page
    Campaign.objects.update(lease_seconds=10)
    with page.expect_response(KEEP, timeout=15_000):
        page.reload()
    soon = timezone.now() + timedelta(seconds=11)
    assert all(lease < soon for lease in Assignment.objects.values_list("leased_until", flat=True))
    Assignment.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    with page.expect_response(KEEP):
        pass
    page.wait_for_timeout(200)
    leases = list(Assignment.objects.values_list("leased_until", flat=True))
    assert len(leases) == 2
    assert all(lease > timezone.now() for lease in leases)


def test_a_turn_that_is_lost_says_so_and_offers_the_next(label_page: Page, medians: Campaign) -> None:
    page = label_page
    Campaign.objects.update(lease_seconds=10)
    page.reload()
    first = Assignment.objects.order_by("pk").first()
    assert first is not None
    Assignment.objects.filter(pk=first.pk).update(state="expired")
    medians.campaign_pairs.filter(pk=first.campaign_pair_id).update(slots_left=0)
    expect(page.locator("#notices")).to_contain_text("no longer reserved for you", timeout=10_000)
    page.get_by_role("button", name="Go on to the next pair").click()
    expect_question(page, 1)


def test_a_break_is_suggested_and_can_be_dismissed(label_page: Page, medians: Campaign) -> None:
    page = label_page
    close_guidelines(page)
    worked = "{since: Date.now() - 3.1e6, last: Date.now()}"
    page.evaluate(f"sessionStorage.setItem('tiebreak:work', JSON.stringify({worked}))")
    expect(page.locator("#break-line")).not_to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#break-line")).to_contain_text("answering for 51 minutes")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#break-line")).not_to_be_visible()
    expect_question(page, 1)
    page.keyboard.press("2")
    expect_answered(page, 2)
    expect(page.locator("#break-line")).not_to_be_visible()


def test_a_qualification_round_shows_its_feedback_first(
    browser: Browser, people: People, live_server: LiveServer
) -> None:
    for number in range(3):
        pair = PairFactory(prompt=PromptFactory(project=people.project))
        if number < 2:
            GoldPair.objects.create(
                project=people.project, pair=pair, expected="tie", explanation=f"Reason {number}."
            )
    campaign = campaign_start(
        campaign=campaign_create(
            project=people.project,
            name="Round",
            pairs=Pair.objects.all(),
            user=people.rita,
            qualification_size=2,
        )
    )
    with page_of(browser, people, live_server) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(label_url(campaign))
        expect(page.locator("#progress")).to_contain_text("Qualification round: 0 of 2")
        page.keyboard.press("3")
        expect(page.locator("[data-feedback]")).to_contain_text("Right: “Tie” was expected.")
        expect(page.locator("[data-feedback]")).to_contain_text("Reason")
        assert not [url for url in asked if "/next/" in url]
        page.keyboard.press("1")
        expect(page.locator("[data-feedback]")).to_contain_text("“Tie” was expected; you answered “Left much")


def test_on_a_phone_the_answers_are_within_reach(
    browser: Browser, people: People, live_server: LiveServer, make_campaign: MakeCampaign
) -> None:
    wide = "| " + " | ".join(["a long heading"] * 8) + " |\n" + "|---" * 8 + "|\n" + "| x " * 8 + "|\n"
    text = f"{wide}\n```\n{'x' * 300}\n```\n\n$$\n{'x + ' * 80}x\n$$\n\n" + "A line of text. " * 200
    PairFactory(
        prompt=PromptFactory(project=people.project), response_a__text=text, response_b__text=text + "x" * 200
    )
    campaign = make_campaign(0)
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with page_of(browser, people, live_server, **phone) as page:
        page.goto(label_url(campaign))
        page.get_by_role("button", name="Close").tap()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        left, right = (page.locator(".response-body").nth(n).bounding_box() for n in (0, 1))
        assert left is not None
        assert right is not None
        assert right["y"] >= left["y"] + left["height"]
        for name in ("Left much better", "Right much better", "Both bad"):
            box = page.locator("label.choice-btn", has_text=name).bounding_box()
            assert box is not None
            assert box["y"] > 844 / 2
            assert box["y"] + box["height"] <= 844
            assert box["height"] >= 44
        page.locator("label.choice-btn", has_text="Both bad").tap()
        expect(page.locator("#turn")).to_contain_text("Nothing is left for you")
        expect(page.locator("#save-state")).to_have_text("Saved")
