"""A recipe is written with its preview beside it, by keyboard alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LogIn
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

LEFT = re.compile(r"(\d+) of (\d+) pairs are left")


def test_the_preview_follows_the_slider(site: RealSite, world: dict[str, Any], log_in: LogIn) -> None:
    with log_in("alice") as page:
        page.goto(f"{site.url}/p/whole/recipes/new/")
        status = page.locator("#preview-status")
        expect(status).to_contain_text(LEFT)
        first = LEFT.search(status.inner_text())
        assert first
        slider = page.get_by_role("slider", name="Margin, slider")
        slider.focus()
        page.keyboard.press("End")
        expect(page.get_by_label("Margin", exact=True)).to_have_value("1")
        expect(status).to_contain_text(re.compile(r"\b0 of \d+ pairs are left"))
        expect(page.locator("#preview-1 svg")).to_be_visible()
        expect(slider).to_be_focused()
        page.keyboard.press("Home")
        expect(page.get_by_label("Margin", exact=True)).to_have_value("0")
        expect(status).not_to_contain_text(re.compile(r"\b0 of \d+ pairs are left"))
        page.locator("summary", has_text="Pairs next to the border").last.press("Enter")
        expect(page.locator("#examples-1").get_by_role("link").first).to_be_visible()
        page.get_by_label("Margin", exact=True).fill("3")
        expect(status).to_contain_text("Step 2, Margin: Ensure this value is less than or equal to 1.")
        page.get_by_role("button", name="Score between").press("Enter")
        expect(page.get_by_text("Step 3: Score between")).to_be_visible()
        page.get_by_role("button", name="Remove").last.press("Enter")
        expect(page.get_by_text("Step 3: Score between")).to_have_count(0)


def test_ratios_and_numbers_of_pairs_slide_by_their_logarithm(
    site: RealSite, world: dict[str, Any], log_in: LogIn
) -> None:
    with log_in("alice") as page:
        page.goto(f"{site.url}/p/whole/recipes/new/")
        for kind in ("Length ratio", "Cap per value", "Slice around a quantile"):
            page.get_by_role("button", name=kind).press("Enter")
        least = page.get_by_role("slider", name="Min, slider")
        expect(least).to_have_attribute("aria-valuetext", "0.5")
        least.focus()
        page.keyboard.press("Home")
        expect(page.get_by_label("Min", exact=True)).to_have_value("0.1")
        page.get_by_label("Max", exact=True).fill("500")  # farther than the slider goes
        expect(page.get_by_role("slider", name="Max, slider")).to_have_attribute("aria-valuetext", "500")
        expect(page.get_by_label("Max", exact=True)).to_have_value("500")
        most = page.get_by_role("slider", name="At most, slider")
        most.focus()
        page.keyboard.press("Home")
        expect(page.get_by_label("At most", exact=True)).to_have_value("1")
        pairs = page.get_by_role("slider", name="Pairs to keep, slider")
        pairs.focus()
        page.keyboard.press("Home")
        expect(page.get_by_label("Pairs to keep", exact=True)).to_have_value("1")
        expect(pairs).to_be_focused()
