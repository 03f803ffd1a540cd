"""A reviewer at work in a real browser: by keyboard alone, and past axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from annotators.models import Assignment, Campaign, CampaignPair, Review
from curation.services.invitation_create import invitation_create
from tests.annotators.answering import answer_all
from tests.annotators.conftest import MakeCampaign
from tests.browser import violations
from tests.conftest import People
from tests.factories import MembershipFactory, UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign(people: People, make_campaign: MakeCampaign) -> Campaign:
    campaign = make_campaign(3, overlap=2, name="Round 1")
    bea = MembershipFactory(project=people.project, user=UserFactory(username="bea")).user
    answer_all(campaign, {people.anna: 2, bea: -2})
    return campaign


def logged_in(
    browser: Browser, people: People, live_server: LiveServer, name: str, **options: object
) -> BrowserContext:
    context = browser.new_context(base_url=live_server.url, **options)  # type: ignore[arg-type]
    session = people.client(name).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(10_000)
    return context


def test_three_pairs_by_keyboard(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign
) -> None:
    context = logged_in(browser, people, live_server, "rob")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto("/p/helpfulness/reviews/")
    page.locator("tbody a").first.click()
    queue = list(campaign.campaign_pairs.to_review())
    for pair, key in zip(queue, "2b5", strict=True):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Pair {pair.pair_id}")
        expect(page.get_by_label("Single-key shortcuts")).to_be_visible()  # the script has run
        page.keyboard.press(key)
        page.keyboard.press("4")
        if key == "b":
            page.keyboard.press("n")
            page.keyboard.type("4 and 5 are typed, not chosen")
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing waits for a reviewer")).to_be_visible()
    assert [(review.words, review.cause) for review in Review.objects.order_by("pk")] == [
        ("A better", "slip"), ("Both bad", "slip"), ("B much better", "slip"),
    ]  # fmt: skip
    assert Review.objects.filter(note__contains="typed").count() == 1
    assert faults == []
    context.close()


def test_keys_can_be_switched_off(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign
) -> None:
    context = logged_in(browser, people, live_server, "rob")
    page = context.new_page()
    page.goto(f"/p/helpfulness/reviews/{CampaignPair.objects.earliest('pk').pk}/")
    page.get_by_label("Single-key shortcuts").uncheck()
    page.keyboard.press("2")
    assert page.locator("input[name=answer]:checked").count() == 0
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(
    browser: Browser, people: People, live_server: LiveServer, campaign: Campaign, width: int
) -> None:
    pair = CampaignPair.objects.earliest("pk")
    turn = Assignment.objects.filter(annotator=people.anna).earliest("pk")
    _, secret = invitation_create(project=people.project, user=people.alice, role="reviewer")
    pages = {
        "alice": [
            "reviews/", f"reviews/{pair.pk}/", "reviews/summary/", "reviews/?state=decided",
            f"campaigns/{campaign.pk}/people/", "members/",
        ],
        "anna": ["work/", "work/history/", "work/me/", f"label/assignments/{turn.pk}/edit/"],
    }  # fmt: skip
    for name, inside in pages.items():
        context = logged_in(
            browser,
            people,
            live_server,
            name,
            viewport={"width": width, "height": 800},
        )
        page = context.new_page()
        for path in [*[f"/p/helpfulness/{path}" for path in inside], f"/invite/{secret}/", "/invite/none/"]:
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        context.close()
