"""What every page shares: it compiles, it has one heading, it carries the policy, it looks like ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core import mail
from django.template.loader import get_template
from django.test import Client
from django.urls import reverse

from config.navigation import SECTIONS, project_links
from config.settings.env import BASE_DIR
from curation.models import Role
from curation.policies import Access
from tests.conftest import People
from tests.factories import UserFactory

TEMPLATES = sorted(
    (str(path.relative_to(BASE_DIR / app / "templates")), path)
    for app in ("config", "curation", "annotators", "judges", "trainer_bridge")
    for path in (BASE_DIR / app / "templates").rglob("*.html")
)


@pytest.mark.parametrize(("name", "path"), TEMPLATES, ids=[name for name, _path in TEMPLATES])
def test_template_compiles_and_keeps_to_the_policy(name: str, path: Path) -> None:
    get_template(name)
    source = path.read_text(encoding="utf-8")
    for forbidden in (" style=", "<style", " onclick=", " onload=", "|safe", "javascript:"):
        assert forbidden not in source


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "account_login", "account_signup", "account_reset_password", "account_reset_password_done",
        "account_email", "account_change_password", "account_logout", "account_reauthenticate",
        "mfa_index", "mfa_activate_totp",
    ],
)  # fmt: skip
def test_account_pages_look_like_ours(name: str) -> None:
    client = Client()
    if not name.startswith(("account_login", "account_signup", "account_reset")):
        # A real login: the two-factor pages ask for a recent one.
        UserFactory(username="alice")
        client.post(reverse("account_login"), {"login": "alice", "password": "pass-phrase-1"})
    response = client.get(reverse(name), follow=True)
    page = response.content.decode()
    assert response.status_code == 200
    assert 'class="brand"' in page
    assert page.count("<h1") == 1
    assert "form-action" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("login", ["alice", "alice@example.org", "ALICE@example.org"])
def test_log_in_by_user_name_or_e_mail(login: str) -> None:
    UserFactory(username="alice")
    client = Client()
    response = client.post(reverse("account_login"), {"login": login, "password": "pass-phrase-1"})
    assert response.headers["Location"] == "/"
    client.post(reverse("account_logout"))
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_wrong_password_says_so_and_sign_up_is_closed() -> None:
    UserFactory(username="alice")
    response = Client().post(reverse("account_login"), {"login": "alice", "password": "wrong"})
    assert 'role="alert"' in response.content.decode()
    assert "Sign-up is closed" in Client().get(reverse("account_signup")).content.decode()


@pytest.mark.django_db
def test_password_reset_sends_a_link_that_works() -> None:
    UserFactory(username="alice")
    Client().post(reverse("account_reset_password"), {"email": "alice@example.org"})
    link = next(line for line in str(mail.outbox[0].body).splitlines() if "/accounts/" in line).strip()
    page = Client().get(link.split("testserver")[-1], follow=True).content.decode()
    assert 'type="password"' in page


@pytest.mark.django_db
def test_error_pages() -> None:
    missing = Client().get("/no/such/page/")
    assert missing.status_code == 404
    assert "There is nothing at this address" in missing.content.decode()
    forged = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})
    assert forged.status_code == 403
    assert "This form has expired" in forged.content.decode()
    assert "Something went wrong" in get_template("500.html").render()


def test_navigation_follows_the_role(people: People) -> None:
    def labels(role: Role) -> list[str]:
        return [link.label for link in project_links(Access(people.project, people.alice, role), None)]

    assert labels(Role.ANNOTATOR) == ["My work"]
    expected = ["Overview", "My work", "Prompts", "Pairs", "Campaigns", "Reviews", "Datasets"]
    assert labels(Role.REVIEWER) == expected
    assert labels(Role.OWNER) == [section.label for section in SECTIONS]
    assert labels(Role.RESEARCHER) == labels(Role.OWNER)[:-1]


def test_navigation_marks_where_the_reader_is(people: People) -> None:
    client = people.client("alice")
    member = people.project.memberships.get(user=people.anna)
    inside = client.get(reverse("curation:member-remove", args=["helpfulness", member.pk]))
    assert 'href="/p/helpfulness/members/" aria-current="true"' in inside.content.decode()
    there = client.get(reverse("curation:member-list", args=["helpfulness"]))
    assert 'href="/p/helpfulness/members/" aria-current="page"' in there.content.decode()
