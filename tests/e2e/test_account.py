"""Logging in, the account's own pages, the second factor, and what is shown when something is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PASSWORD, LogIn, send_login
from tests.e2e.test_pages import WIDTHS, faults, look
from tests.site import RealSite

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]

VISITOR = [
    "login/", "signup/", "password/reset/", "password/reset/done/", "password/reset/key/1-set-password/",
    "confirm-email/", "confirm-email/nokey/", "inactive/",
]  # fmt: skip
MEMBER = ["email/", "password/change/", "2fa/", "logout/", "reauthenticate/"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("width", WIDTHS)
def test_account_pages(site: RealSite, browser: Browser, log_in: LogIn, width: int) -> None:
    wrong = {}
    seen: dict[str, Any] = {"viewport": {"width": width, "height": 844}}
    visitor = browser.new_page(**seen)
    with log_in("alice", **seen) as member:
        for page, paths in ((visitor, VISITOR), (member, MEMBER)):
            for path in paths:
                if found := look(page, f"{site.url}/accounts/{path}", width):
                    wrong[path] = found
    visitor.close()
    assert wrong == {}


@pytest.mark.usefixtures("world")
def test_a_second_factor_from_set_up_to_log_in(site: RealSite, log_in: LogIn) -> None:
    site.seed("person", name="tess")
    with log_in("tess", viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{site.url}/accounts/2fa/totp/activate/")
        page.fill("input[name=password]", PASSWORD)  # asked for once more before anything that matters
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/2fa/totp/activate/")
        assert faults(page, 390) == []
        secret = page.locator("#authenticator_secret").input_value()
        page.fill("input[name=code]", code(secret))
        page.locator("main form button[type=submit]").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        for path in ("2fa/", "2fa/recovery-codes/", "2fa/recovery-codes/generate/", "2fa/totp/deactivate/"):
            assert look(page, f"{site.url}/accounts/{path}", 390) == [], path
        page.goto(f"{site.url}/accounts/2fa/recovery-codes/")
        recovery = page.locator("#recovery_codes").input_value().split()
        page.goto(f"{site.url}/accounts/logout/")
        page.get_by_role("main").get_by_role("button", name="Log out").click()
        send_login(page, site, "tess")
        page.wait_for_url("**/2fa/authenticate/**")
        assert faults(page, 390) == []
        page.fill("input[name=code]", recovery[0])
        page.locator("main form button[type=submit]").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Projects")


def code(secret: str) -> str:
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return str(totp.format_hotp_value(totp.hotp_value(secret, counter)))


@pytest.mark.parametrize("width", WIDTHS)
def test_error_pages(site: RealSite, world: dict[str, Any], browser: Browser, width: int) -> None:
    seen: dict[str, Any] = {"viewport": {"width": width, "height": 844}}
    context = browser.new_context(**seen)
    page = context.new_page()
    assert look(page, f"{site.url}/no/such/page/", width, status=404) == []
    send_login(page, site, "anna")
    page.wait_for_url(lambda url: "/accounts/login/" not in url)
    assert look(page, f"{site.url}/p/whole/datasets/", width, status=404) == []
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")
    page.goto(f"{site.url}/accounts/logout/")
    context.clear_cookies()
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This form has expired")
    assert faults(page, width) == []
    show(page, site, render_to_string("500.html"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Something went wrong")
    assert faults(page, width) == []
    context.close()


def show(page: Page, site: RealSite, html: str) -> None:
    """A page that no address gives, with the site's own styles."""
    page.route("**/shown/", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{site.url}/shown/")
