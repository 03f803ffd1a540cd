"""Links that let people in: made by owners, shown once, counted exactly."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from curation.algorithms.fingerprints import sha256_hex
from curation.errors import CurationError
from curation.models import Invitation, Membership, Project, User
from curation.services.invitation_accept import invitation_accept
from curation.services.invitation_create import invitation_create
from tests.conftest import People
from tests.factories import UserFactory
from tests.together import together

pytestmark = pytest.mark.django_db

LIST = "/p/helpfulness/members/"
MAKE = f"{LIST}invitations/"
ASKED = {"role": "reviewer", "max_uses": "2", "days": "3", "note": "Second shift"}


def invite(people: People, **options: Any) -> tuple[Invitation, str]:
    made, secret = invitation_create(
        project=people.project, user=people.alice, **{"role": "reviewer", **options}
    )
    return made, f"/invite/{secret}/"


def role_of(project: Project, user: User) -> str | None:
    return Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()


def test_it_works(people: People) -> None:
    page = people.client("alice").post(MAKE, ASKED).content.decode()
    link = re.search(r'value="http://testserver(/invite/[^"]+/)"', page)
    assert link is not None
    client = people.client("charlie")
    assert "Helpfulness" in client.get(link[1]).content.decode()
    joined = client.post(link[1], follow=True)
    assert "You are in Helpfulness now, as reviewer." in joined.content.decode()
    assert role_of(people.project, people.charlie) == "reviewer"
    made = Invitation.objects.get()
    assert (made.n_uses, made.max_uses, made.note, made.created_by) == (1, 2, "Second shift", people.alice)


def test_the_secret_is_shown_once_and_not_kept(people: People) -> None:
    client = people.client("alice")
    made = client.post(MAKE, ASKED)
    link = re.search(r"/invite/([^/]+)/", made.content.decode())
    assert link is not None
    assert "no-store" in made.headers["Cache-Control"]
    stored = Invitation.objects.get()
    assert stored.token_hash == sha256_hex(link[1])
    listed = client.get(LIST).content.decode()
    assert "Second shift" in listed
    assert link[1] not in listed
    assert stored.token_hash not in listed


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 404), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    made, _ = invite(people)
    client = people.client(name)
    assert client.post(MAKE, ASKED).status_code == status
    assert client.post(f"{MAKE}{made.pk}/revoke/").status_code == (302 if status == 200 else status)
    assert client.get(MAKE).status_code == (302 if name == "anonymous" else 405)
    made.refresh_from_db()
    assert (made.revoked_at is not None) == (name == "alice")


def test_another_projects_invitation_is_out_of_reach(people: People) -> None:
    theirs, _ = invitation_create(
        project=people.charlie.projects.get(), user=people.charlie, role="annotator"
    )
    assert people.client("alice").post(f"{MAKE}{theirs.pk}/revoke/").status_code == 404


@pytest.mark.parametrize(
    "wrong", [{"role": "owner"}, {"max_uses": "0"}, {"max_uses": "501"}, {"days": "91"}, {"days": ""}]
)
def test_what_cannot_be_made(people: People, wrong: dict[str, str]) -> None:
    page = people.client("alice").post(MAKE, {**ASKED, **wrong})
    assert 'aria-invalid="true"' in page.content.decode()
    assert not Invitation.objects.exists()


def test_no_link_makes_an_owner(people: People) -> None:
    made, _ = invite(people)
    with pytest.raises(IntegrityError, match="invitation_role_known"):
        Invitation.objects.filter(pk=made.pk).update(role="owner")


def test_joining_twice_counts_once_and_a_higher_role_stays(people: People) -> None:
    made, link = invite(people, max_uses=5)
    for name in ("rob", "rita", "alice"):
        page = people.client(name).post(link, follow=True).content.decode()
        assert "You are in Helpfulness already." in page
    assert [role_of(people.project, user) for user in (people.rob, people.rita, people.alice)] == [
        "reviewer", "researcher", "owner",
    ]  # fmt: skip
    client = people.client("anna")
    for _ in range(2):
        client.post(link)
    assert role_of(people.project, people.anna) == "reviewer"
    made.refresh_from_db()
    assert made.n_uses == 1


def end(made: Invitation, how: str) -> None:
    now = timezone.now()
    fields: dict[str, dict[str, Any]] = {
        "revoked": {"revoked_at": now}, "expired": {"expires_at": now}, "used_up": {"n_uses": made.max_uses},
    }  # fmt: skip
    Invitation.objects.filter(pk=made.pk).update(**fields[how])


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("revoked", 404, "This invitation was withdrawn"),
        ("expired", 410, "This invitation has expired"),
        ("used_up", 410, "This invitation is used up"),
        ("unknown", 404, "There is no such invitation"),
    ],
)
def test_links_that_let_nobody_in_say_why(people: People, how: str, status: int, words: str) -> None:
    made, link = invite(people)
    if how == "unknown":
        link = "/invite/guess/"
    else:
        end(made, how)
    for name in ("charlie", "anonymous"):
        client = people.client(name)
        for answer in (client.get(link), client.post(link)):
            assert (answer.status_code, words in answer.content.decode()) == (status, True)
            assert "Helpfulness" not in answer.content.decode()
    assert role_of(people.project, people.charlie) is None


@pytest.mark.parametrize("how", ["revoked", "expired", "used_up"])
def test_a_link_that_ends_while_the_page_is_open_lets_nobody_in(people: People, how: str) -> None:
    made, _ = invite(people)
    end(made, how)
    with pytest.raises(CurationError, match="another one"):
        invitation_accept(invitation=made, user=people.charlie)
    assert role_of(people.project, people.charlie) is None


def sign_up(client: Client, link: str) -> Any:
    form = {"email": "new@example.org", "username": "new", "password1": "a-long-phrase-7", "next": link}
    return client.post("/accounts/signup/", {**form, "password2": form["password1"]})


def test_a_visitor_signs_up_and_comes_back(people: People, settings: LazySettings) -> None:
    settings.SIGNUP_OPEN = False
    _, link = invite(people, role="annotator")
    client = Client()
    assert "Sign-up is closed" in client.get("/accounts/signup/").content.decode()
    page = client.get(link).content.decode()
    assert f"/accounts/signup/?next={link}" in page
    assert client.post(link).headers["Location"] == f"/accounts/login/?next={link}"
    assert "Sign-up is closed" not in client.get(f"/accounts/signup/?next={link}").content.decode()
    answer = sign_up(client, link)
    assert (answer.status_code, answer.headers["Location"]) == (302, link)
    client.post(link)
    assert role_of(people.project, User.objects.get(username="new")) == "annotator"


@pytest.mark.parametrize("how", ["revoked", "expired", "used_up"])
def test_sign_up_closes_with_the_invitation(people: People, settings: LazySettings, how: str) -> None:
    settings.SIGNUP_OPEN = False
    made, link = invite(people)
    client = Client()
    client.get(link)
    end(made, how)
    assert "Sign-up is closed" in sign_up(client, link).content.decode()
    assert not User.objects.filter(username="new").exists()


def test_revoking_twice_is_told(people: People) -> None:
    made, _ = invite(people)
    client = people.client("alice")
    client.post(f"{MAKE}{made.pk}/revoke/")
    page = client.post(f"{MAKE}{made.pk}/revoke/", follow=True).content.decode()
    assert "withdrawn already" in page


@pytest.mark.django_db(transaction=True)
def test_many_at_once_take_exactly_as_many_places(people: People) -> None:
    made, _ = invite(people, max_uses=3)

    def join(user: User) -> str:
        try:
            invitation_accept(invitation=made, user=user)
        except CurationError:
            return "told"
        return "in"

    crowd = [UserFactory() for _ in range(8)]
    assert Counter(together([partial(join, user) for user in crowd])) == {"in": 3, "told": 5}
    made.refresh_from_db()
    assert (made.n_uses, Membership.objects.filter(user__in=crowd).count()) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_one_person_in_many_tabs_is_counted_once(people: People) -> None:
    made, _ = invite(people, max_uses=3)
    together([partial(invitation_accept, invitation=made, user=people.charlie)] * 6)
    made.refresh_from_db()
    assert made.n_uses == 1


def test_query_budget_does_not_grow(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(8):
        invite(people)
    client = people.client("alice")
    with django_assert_max_num_queries(9):
        assert client.get(LIST).status_code == 200
