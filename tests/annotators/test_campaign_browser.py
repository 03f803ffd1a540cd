"""Campaigns in a real browser: made by keyboard from a preset, watched live, and past axe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotators.models import Campaign
from annotators.services.campaign_manage import campaign_pause
from annotators.services.guideline_save import guideline_save
from annotators.task_form import REASONS, SAFETY_TAGS, Rationale, Scale, Segments, Spans, TaskForm
from annotators.task_presets import PRESETS
from tests.annotators.campaign_data import LEFT, NEW, RIGHT, TIE, answer_all
from tests.annotators.conftest import MakeCampaign
from tests.browser import violations
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

EVERYTHING = TaskForm(
    steps=7,
    ratings=(Scale(name="Helpfulness"), Scale(name="Correctness")),
    comparisons=("Style",),
    spans=Spans(),
    segments=Segments(),
    rationale=Rationale(reasons=REASONS),
    rewrite="optional",
    safety=SAFETY_TAGS,
)


@pytest.fixture
def page(browser: Browser, people: People, live_server: LiveServer) -> Iterator[Page]:
    """Rita's browser; an error in the console or a breach of the policy fails the test."""
    context = browser.new_context(base_url=live_server.url)
    session = people.client("rita").cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    context.set_default_timeout(10_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not errors


def tab_to(page: Page, target: str) -> None:
    """Press Tab until the focus is on the first element that matches."""
    locator = page.locator(target).first
    for _ in range(150):
        page.keyboard.press("Tab")
        if locator.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no way to {target} by Tab")


def test_a_campaign_is_made_by_keyboard_from_a_preset(page: Page, people: People) -> None:
    for _ in range(3):
        PairFactory(prompt=PromptFactory(project=people.project))
    preset = next(preset for preset in PRESETS if preset.form.ratings)
    page.goto(NEW)
    expect(page.locator("#form-count")).to_contain_text("3 pairs match")
    tab_to(page, "input[name=name]")
    page.keyboard.type("By keyboard")
    tab_to(page, "input[name=limit]")
    page.keyboard.type("2")
    expect(page.locator("#form-count")).to_contain_text("2 of them will be taken")
    tab_to(page, "select[name=preset]")
    page.keyboard.type(preset.name[:12])
    expect(page.locator("select[name=preset]")).to_have_value(preset.key)
    expect(page.locator("textarea[name=ratings]")).to_be_hidden()
    tab_to(page, "button[value=preset]")
    page.keyboard.press("Enter")
    expect(page.locator("input[name=ratings_on]")).to_be_checked()
    expect(page.locator("textarea[name=ratings]")).to_be_visible()
    expect(page.locator("input[name=name]")).to_have_value("By keyboard")
    tab_to(page, "input[name=comparisons_on]")
    page.keyboard.press("Space")
    tab_to(page, "textarea[name=comparisons]")
    page.keyboard.press("Control+A")
    page.keyboard.type("Tone")
    tab_to(page, "input[name=overlap]")
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("By keyboard")
    campaign = Campaign.objects.get()
    assert (campaign.overlap, campaign.n_pairs) == (2, 2)
    assert campaign.task == preset.form.model_copy(update={"comparisons": ("Tone",)})


def test_errors_are_seen_even_in_a_part_that_is_folded_away(page: Page, people: People) -> None:
    PairFactory(prompt=PromptFactory(project=people.project))
    page.goto(NEW)
    page.fill("input[name=name]", "Wrong")
    page.check("input[name=ratings_on]")
    page.fill("textarea[name=ratings]", "Style 4-4")
    page.check("input[name=kind][value=ranking]")
    expect(page.locator("textarea[name=ratings]")).to_be_hidden()
    page.get_by_role("button", name="Make the campaign").last.click()
    expect(page.get_by_text("A ranking takes only a rationale and flags")).to_be_visible()
    page.check("input[name=kind][value=pairwise]")
    page.get_by_role("button", name="Make the campaign").last.click()
    expect(page.get_by_text("must end above where it begins")).to_be_visible()
    assert Campaign.objects.count() == 0


def test_the_live_page_follows_while_running_and_then_stops(
    page: Page, people: People, make_campaign: MakeCampaign
) -> None:
    campaign = make_campaign(3)
    page.clock.install()
    page.goto(f"/p/helpfulness/campaigns/{campaign.pk}/")
    expect(page.locator("#live")).to_contain_text("0 of 3")
    answer_all(campaign, people.anna, LEFT)
    page.clock.run_for(11_000)
    expect(page.locator("#live")).to_contain_text("1 of 3")
    campaign_pause(campaign=campaign)
    page.clock.run_for(61_000)
    expect(page.locator("#live[data-live]")).to_have_count(0)
    expect(page.locator("#live")).to_contain_text("No forecast while it is paused")


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(page: Page, people: People, make_campaign: MakeCampaign, width: int) -> None:
    campaign = make_campaign(6, form=EVERYTHING, overlap=2, overlap_cap=3, order="uncertainty")
    answer_all(campaign, people.anna, LEFT, TIE, RIGHT)
    answer_all(campaign, people.rob, LEFT, RIGHT)
    guideline_save(campaign=campaign, text="Be **kind**.")
    page.set_viewport_size({"width": width, "height": 844})
    inside = ("", "edit/", "preview/", "answers/", "guidelines/", "guidelines/?old=1&new=2")
    for path in (NEW, f"{NEW}?like={campaign.pk}", *[f"{NEW[:-4]}{campaign.pk}/{path}" for path in inside]):
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, path
