"""Choosing the columns of a table in a real browser, with scripts and without."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from curation.models import PromptImport
from curation.services.prompt_import import import_create
from tests.browser import violations
from tests.conftest import People

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    # Celery 5.7 warns of the `queue` option that the house decorator sets on every task.
    pytest.mark.filterwarnings("ignore:(?s).*The 'queue' task attribute is deprecated"),
]

TABLE = b"frage,gut,schlecht," + b"Bemerkung-" * 30 + b"\nWhy?,Right.,Wrong.,\nHow?,,Thus.,\n"
CHOICES = {"Prompt": "frage", "Chosen response": "gut", "Rejected response": "schlecht"}


@pytest.mark.parametrize("scripts", [True, False])
def test_the_preview_comes_before_the_import(
    browser: Browser, people: People, live_server: LiveServer, scripts: bool
) -> None:
    upload = SimpleUploadedFile("tabelle.csv", TABLE)
    draft = import_create(project=people.project, user=people.rita, upload=upload)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
    session = people.client("rita").cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"/p/helpfulness/imports/{draft.pk}/")
    page.get_by_label("Read the file as").select_option("columns")
    page.get_by_role("button", name="Read it so").click()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Choose the column that holds the prompt.")
    for label, column in CHOICES.items():
        page.get_by_label(label, exact=False).first.select_option(column)
    if not scripts:
        page.get_by_role("button", name="Preview").click()
    expect(preview).to_contain_text("Would not land: The field “gut” is empty")
    expect(preview).to_contain_text("is better")
    expect(page.locator(".field-bad")).to_have_count(0)
    expect(page.get_by_label("Prompt").first).to_have_value("frage")
    if scripts:
        assert violations(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_role("heading", name="Import of tabelle.csv")).to_be_visible()
    assert PromptImport.objects.get().mapping["columns"]["chosen"] == "gut"
    context.close()
