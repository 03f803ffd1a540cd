"""The project list, a new project, and the overview of what a project holds."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from curation.models import Membership, Project
from curation.overview import next_step, project_counts
from curation.services.project_create import project_create
from tests.conftest import People
from tests.factories import JudgmentFactory, MembershipFactory, PairFactory, PromptFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    client = people.client("charlie")
    response = client.post(reverse("curation:project-create"), {"name": "Honest answers"})
    project = Project.objects.get(slug="honest-answers")
    assert response.headers["Location"] == reverse("curation:project-detail", args=[project.slug])
    assert Membership.objects.get(project=project).role == "owner"
    assert "Nothing here yet" in client.get(response.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [("alice", 200), ("rita", 200), ("rob", 200), ("anna", 302), ("charlie", 404), ("anonymous", 302)],
)
def test_it_checks_access(people: People, name: str, status: int) -> None:
    response = people.client(name).get(reverse("curation:project-detail", args=["helpfulness"]))
    assert response.status_code == status
    if name == "anna":
        assert response.headers["Location"] == reverse("annotators:work", args=["helpfulness"])


def test_home_lists_only_my_projects(people: People) -> None:
    page = people.client("rob").get("/").content.decode()
    assert "Helpfulness" in page
    assert "Reviewer" in page
    assert "elsewhere" not in page


def test_home_of_a_newcomer_says_what_to_do(client: Client) -> None:
    client.force_login(UserFactory())
    page = client.get("/").content.decode()
    assert "You are in no project yet." in page
    assert reverse("curation:project-create") in page


def test_taken_slug_is_numbered_or_refused(people: People) -> None:
    again = project_create(name="Helpfulness", owner=people.charlie)
    assert again.slug == "helpfulness-2"
    response = people.client("charlie").post(
        reverse("curation:project-create"), {"name": "Other", "slug": "helpfulness"}
    )
    assert "Another project has this short name" in response.content.decode()


def test_a_name_without_latin_letters_gets_a_slug(people: People) -> None:
    assert project_create(name="偏好", owner=people.charlie).slug == "project"


def test_annotators_see_only_their_work_in_the_navigation(people: People) -> None:
    page = people.client("anna").get(reverse("annotators:work", args=["helpfulness"])).content.decode()
    assert reverse("annotators:work", args=["helpfulness"]) in page
    for name in ("curation:member-list", "judges:judge-list", "training:job-list"):
        assert reverse(name, args=["helpfulness"]) not in page


def test_counts_and_next_step_follow_the_data(people: People) -> None:
    assert next_step(project_counts(people.project)).label == "Import prompts"
    pair = PairFactory(prompt=PromptFactory(project=people.project))
    assert next_step(project_counts(people.project)).label == "Start a campaign"
    first = JudgmentFactory(pair=pair)
    JudgmentFactory(pair=pair, rater=first.rater, supersedes=first)
    JudgmentFactory()
    counts = project_counts(people.project)
    assert (counts.prompts, counts.responses, counts.pairs) == (1, 2, 1)
    assert (counts.judgments, counts.judged_pairs) == (1, 1)
    assert next_step(counts).label == "Write a recipe"


def test_query_budget_does_not_grow(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("alice")
    for number in range(4):
        project_create(name=f"Another {number}", owner=people.alice)
        PairFactory(prompt=PromptFactory(project=people.project))
        MembershipFactory(project=people.project)
    with django_assert_max_num_queries(6):
        assert client.get("/").status_code == 200
    with django_assert_max_num_queries(18):
        assert client.get(reverse("curation:project-detail", args=["helpfulness"])).status_code == 200
