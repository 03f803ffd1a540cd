"""Who may open what: everyone else gets 404, visitors are sent to log in."""

from __future__ import annotations

import pytest

from annotators.models import Campaign
from annotators.services.assignment_claim import assignment_claim
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People

pytestmark = pytest.mark.django_db

EVERYONE = ["alice", "rita", "rob", "anna"]
REVIEWERS = ["alice", "rita", "rob"]
RESEARCHERS = ["alice", "rita"]
OUTSIDE = ["charlie"]

PAGES = [
    ("get", "campaigns/", REVIEWERS),
    ("get", "campaigns/new/", RESEARCHERS),
    ("get", "campaigns/{pk}/", REVIEWERS),
    ("get", "campaigns/new/count/", RESEARCHERS),
    ("get", "campaigns/{pk}/answers/", REVIEWERS),
    ("get", "campaigns/{pk}/answers.csv", REVIEWERS),
    ("get", "campaigns/{pk}/edit/", RESEARCHERS),
    ("post", "campaigns/{pk}/edit/", RESEARCHERS),
    ("get", "campaigns/{pk}/preview/", RESEARCHERS),
    ("get", "campaigns/{pk}/guidelines/", RESEARCHERS),
    ("post", "campaigns/{pk}/start/", RESEARCHERS),
    ("post", "campaigns/{pk}/pause/", RESEARCHERS),
    ("post", "campaigns/{pk}/close/", RESEARCHERS),
    ("get", "campaigns/{pk}/quality/", RESEARCHERS),
    ("post", "campaigns/{pk}/quality/build/", RESEARCHERS),
    ("get", "agreement/", RESEARCHERS),
    ("get", "agreement/differ/", RESEARCHERS),
    ("get", "agreement/help/", RESEARCHERS),
    ("get", "gold/", RESEARCHERS),
    ("post", "gold/unanimous/", RESEARCHERS),
    ("get", "campaigns/{pk}/reviews/", REVIEWERS),
    ("get", "campaigns/{pk}/people/", RESEARCHERS),
    ("get", "campaigns/{pk}/times.csv", RESEARCHERS),
    ("post", "campaigns/{pk}/people/add/", RESEARCHERS),
    ("get", "reviews/", REVIEWERS),
    ("get", "reviews/summary/", REVIEWERS),
    ("get", "work/", EVERYONE),
    ("get", "work/history/", EVERYONE),
    ("get", "work/me/", EVERYONE),
    ("get", "label/{pk}/", EVERYONE),
    ("post", "label/{pk}/undo/", EVERYONE),
]


@pytest.mark.parametrize(("method", "path", "allowed"), PAGES)
def test_matrix(people: People, campaign: Campaign, method: str, path: str, allowed: list[str]) -> None:
    url = f"/p/helpfulness/{path.format(pk=campaign.pk)}"
    for name in EVERYONE + OUTSIDE:
        status = getattr(people.client(name), method)(url).status_code
        assert (status in {200, 302}) == (name in allowed), (name, status)
        assert status in {200, 302, 404}
    visitor = getattr(people.client("anonymous"), method)(url)
    assert (visitor.status_code, visitor.url.split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize(("method", "path", "allowed"), PAGES)
def test_another_projects_campaign_is_not_found(
    people: People, make_campaign: MakeCampaign, method: str, path: str, allowed: list[str]
) -> None:
    if "{pk}" not in path:
        return
    project = people.charlie.projects.get()
    theirs = make_campaign(project=project)
    url = f"/p/helpfulness/{path.format(pk=theirs.pk)}"
    assert getattr(people.client("alice"), method)(url).status_code == 404


def test_only_the_annotator_answers_an_assignment(people: People, campaign: Campaign) -> None:
    turn = assignment_claim(campaign=campaign, user=people.anna)
    assert turn is not None
    url = f"/p/helpfulness/label/assignments/{turn.pk}/answer/"
    edit = f"/p/helpfulness/label/assignments/{turn.pk}/edit/"
    for name in ["alice", "rita", "rob", "charlie"]:
        assert people.client(name).post(url, {"answer": "tie"}).status_code == 404
        assert people.client(name).get(edit).status_code == 404
    assert people.client("anonymous").post(url, {"answer": "tie"}).status_code == 302
    assert people.client("charlie").post(url.replace("helpfulness", "elsewhere")).status_code == 404
    assert people.client("anna").post(url, {"answer": "tie"}).status_code == 302


def test_a_draft_is_not_labelled(people: People, make_campaign: MakeCampaign) -> None:
    draft = make_campaign(started=False)
    assert people.client("anna").get(f"/p/helpfulness/label/{draft.pk}/").status_code == 404


def test_posts_only(people: People, campaign: Campaign) -> None:
    for path in ("start", "pause", "close"):
        assert people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/{path}/").status_code == 405
    assert people.client("anna").get(f"/p/helpfulness/label/{campaign.pk}/undo/").status_code == 405
