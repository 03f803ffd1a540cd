"""Owners decide who is in a project, and a project never loses its last owner."""

from __future__ import annotations

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from curation.errors import CurationError
from curation.models import Membership
from curation.services.membership_manage import membership_add, membership_change, membership_remove
from tests.conftest import People
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/p/helpfulness/members/"


def membership(people: People, name: str) -> Membership:
    return Membership.objects.get(project=people.project, user=getattr(people, name))


@pytest.mark.parametrize("identifier", ["charlie", "Charlie@Example.org", " charlie "])
def test_it_works(people: People, identifier: str) -> None:
    response = people.client("alice").post(
        reverse("curation:member-add", args=["helpfulness"]),
        {"identifier": identifier, "role": "reviewer"},
        follow=True,
    )
    assert "charlie is now in the project, as reviewer." in response.content.decode()
    assert membership(people, "charlie").role == "reviewer"


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 404), ("rob", 404), ("anna", 404), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    client = people.client(name)
    anna = membership(people, "anna")
    assert client.get(LIST).status_code == status
    assert client.get(f"{LIST}{anna.pk}/remove/").status_code == status
    if name != "alice":
        for path in (f"{LIST}add/", f"{LIST}{anna.pk}/", f"{LIST}{anna.pk}/remove/"):
            data = {"identifier": "charlie", "role": "owner"}
            assert client.post(path, data).status_code == status
        assert Membership.objects.filter(project=people.project).count() == 4
        assert membership(people, "anna").role == "annotator"


def test_unknown_person_gets_a_clear_message(people: People) -> None:
    response = people.client("alice").post(f"{LIST}add/", {"identifier": "nobody", "role": "owner"})
    page = response.content.decode()
    assert "Nobody here has the user name or e-mail address “nobody”" in page
    assert 'aria-invalid="true"' in page


def test_ambiguous_repeated_and_inactive_people_are_refused(people: People) -> None:
    for number in range(2):
        UserFactory(username=f"twin{number}", email="twin@example.org")
    UserFactory(username="gone", is_active=False)
    for identifier, words in [
        ("twin@example.org", "Several accounts"),
        ("anna", "already in this project"),
        ("gone", "Nobody here"),
        ("", "Nobody here"),
    ]:
        with pytest.raises(CurationError, match=words):
            membership_add(project=people.project, identifier=identifier, role="annotator")


def test_role_changes(people: People) -> None:
    anna = membership(people, "anna")
    response = people.client("alice").post(f"{LIST}{anna.pk}/", {"role": "researcher"}, follow=True)
    assert "anna is now researcher." in response.content.decode()
    people.client("alice").post(f"{LIST}{anna.pk}/", {"role": "emperor"})
    assert membership(people, "anna").role == "researcher"


def test_last_owner_stays(people: People) -> None:
    alice = membership(people, "alice")
    with pytest.raises(CurationError, match="only owner"):
        membership_change(membership=alice, role="reviewer")
    with pytest.raises(CurationError, match="only owner"):
        membership_remove(membership=alice)
    page = people.client("alice").post(f"{LIST}{alice.pk}/remove/", follow=True).content.decode()
    assert "Make somebody else an owner first." in page
    assert membership(people, "alice").role == "owner"


def test_an_owner_who_leaves_or_steps_down_lands_where_they_may_be(people: People) -> None:
    membership_change(membership=membership(people, "rita"), role="owner")
    alice = membership(people, "alice")
    client = people.client("alice")
    response = client.post(f"{LIST}{alice.pk}/", {"role": "reviewer"})
    assert response.headers["Location"] == "/p/helpfulness/"
    rita = membership(people, "rita")
    membership_change(membership=alice, role="owner")
    assert people.client("rita").post(f"{LIST}{rita.pk}/remove/").headers["Location"] == "/"
    assert not Membership.objects.filter(pk=rita.pk).exists()


def test_members_of_another_project_are_out_of_reach(people: People) -> None:
    other = Membership.objects.get(user=people.charlie)
    client = people.client("alice")
    assert client.post(f"{LIST}{other.pk}/", {"role": "annotator"}).status_code == 404
    assert client.post(f"{LIST}{other.pk}/remove/").status_code == 404
    assert Membership.objects.get(pk=other.pk).role == "owner"


def test_query_budget_does_not_grow(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("alice")
    MembershipFactory.create_batch(8, project=people.project)
    with django_assert_max_num_queries(9):
        assert client.get(LIST).status_code == 200
