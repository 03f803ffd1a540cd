"""An invitation, from the owner's page to the new member's first look, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from curation.models import Membership
from tests.conftest import People

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_from_the_link_through_sign_up_into_the_project(
    browser: Browser, people: People, live_server: LiveServer
) -> None:
    owner = browser.new_context(base_url=live_server.url)
    session = people.client("alice").cookies["sessionid"].value
    owner.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = owner.new_page()
    page.goto("/p/helpfulness/members/")
    page.get_by_label("Whom it is for").fill("Night shift")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link").input_value()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("row", name="Night shift")).to_contain_text("0 of 1")

    visitor = browser.new_context(base_url=live_server.url)
    page = visitor.new_page()
    page.goto(link)
    page.get_by_role("link", name="Sign up").click()
    page.fill("input[name=email]", "dora@example.org")
    page.fill("input[name=username]", "dora")
    page.fill("input[name=password1]", "a-long-phrase-7")
    page.fill("input[name=password2]", "a-long-phrase-7")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("button", name="Join as dora").click()
    expect(page.get_by_text("You are in Helpfulness now, as annotator.")).to_be_visible()
    assert Membership.objects.get(user__username="dora").role == "annotator"
    owner.close()
    visitor.close()
