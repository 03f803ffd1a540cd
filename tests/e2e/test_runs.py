"""From a dataset version's page to a trained model, watched in the browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LogIn
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_a_run_is_launched_and_its_curve_grows(site: RealSite, world: dict[str, Any], log_in: LogIn) -> None:
    with log_in("alice") as page:
        page.goto(f"{site.url}/p/whole/datasets/{world['number']}/")
        page.get_by_role("link", name="Train a model").click()
        page.select_option("select[name=base_model]", label="tiny")
        page.fill("input[name=name]", "Browser run")
        page.fill("input[name=max_steps]", "12")
        page.fill("input[name=per_device_train_batch_size]", "2")
        page.get_by_role("button", name="Show the configuration").click()
        expect(page.locator("pre.log")).to_contain_text('"max_steps": 12')
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Browser run")
        run_page = page.url
        expect(page.locator(".uplot canvas").first).to_be_visible(timeout=120_000)
    # The tab is closed: nothing depends on it.
    with log_in("alice") as page:
        page.goto(run_page)
        expect(page.locator(".badge").first).to_have_text("Done", timeout=180_000)
        page.reload()
        expect(page.locator("table tbody tr").first).to_contain_text("12")
        expect(page.get_by_role("link", name="Evaluate the model")).to_be_visible()
        page.get_by_role("link", name="Browser run").first.click()
        expect(page).to_have_url(re.compile(r"/p/whole/models/\d+/$"))
        expect(page.get_by_text("prefers length").first).to_be_visible()
