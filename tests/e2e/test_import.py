"""A file with a bad row, from the upload to its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LogIn
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def test_good_rows_land_and_the_bad_one_is_named(
    site: RealSite, world: dict[str, Any], log_in: LogIn, tmp_path: Path
) -> None:
    rows = [json.dumps({"question": f"Imported {number}?"}) for number in range(3)]
    file = tmp_path / "prompts.jsonl"
    file.write_text("\n".join([*rows, "{not json"]) + "\n")
    with log_in("alice") as page:
        page.goto(f"{site.url}/p/whole/prompts/import/")
        page.set_input_files("input[type=file]", file)
        page.locator("main form button.btn-primary").click()
        expect(page.get_by_text("Imported 0?").first).to_be_visible()
        page.locator("main form button.btn-primary").last.click()
        expect(page.locator(".badge").first).to_have_text("Done", timeout=60_000)
        page.reload()
        expect(page.get_by_text("Not valid JSON").first).to_be_visible()
    landed = site.sql(
        "SELECT count(*) FROM curation_prompt WHERE project_id = %s AND messages::text LIKE %s",
        world["project"],
        "%Imported%",
    )
    assert landed == [(3,)]
