"""The form of pair plans follows the plan that is chosen, by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LogIn
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.usefixtures("world")]


def test_the_form_follows_the_plan(site: RealSite, log_in: LogIn) -> None:
    with log_in("alice") as page:
        page.goto(f"{site.url}/p/whole/pairs/build/")
        plan = page.get_by_label("Pair", exact=True)
        expect(page.get_by_label("Length penalty")).to_have_count(0)
        plan.focus()
        page.keyboard.press("ArrowDown")
        expect(plan).to_have_value("best_worst")
        expect(page.get_by_label("Length penalty")).to_be_visible()
        expect(plan).to_be_focused()
        expect(page).to_have_url(re.compile(r"/pairs/build/\?strategy=best_worst\b"))
