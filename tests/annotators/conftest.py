"""A running campaign over a few pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from annotators.models import Assignment, Campaign
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from curation.models import Pair, Project
from tests.annotators.label_pages import page_of, questions
from tests.conftest import People
from tests.factories import PairFactory, PromptFactory

MakeCampaign = Callable[..., Campaign]


@pytest.fixture
def make_campaign(people: People) -> MakeCampaign:
    def make(
        n_pairs: int = 3, *, started: bool = True, project: Project | None = None, **options: object
    ) -> Campaign:
        project = project or people.project
        for _ in range(n_pairs):
            PairFactory(prompt=PromptFactory(project=project))
        settings = {
            "name": f"Campaign {Campaign.objects.count()}",
            "guidelines": "Be **fair**.",
            "order": "id",
            **options,
        }
        pairs = Pair.objects.for_project(project)
        campaign = campaign_create(project=project, pairs=pairs, user=people.rita, **settings)  # type: ignore[arg-type]
        return campaign_start(campaign=campaign) if started else campaign

    return make


@pytest.fixture
def campaign(make_campaign: MakeCampaign) -> Campaign:
    return make_campaign()


@pytest.fixture
def medians(people: People, make_campaign: MakeCampaign) -> Campaign:
    """A campaign of six questions with code and earlier turns."""
    questions(people)
    return make_campaign(0, name="Helpfulness, round 1", guidelines="Prefer what **helps**.")


@pytest.fixture
def label_page(
    browser: Browser, people: People, live_server: LiveServer, medians: Campaign
) -> Iterator[Page]:
    """Anna at the first question."""
    with page_of(browser, people, live_server) as page:
        page.goto(label_url(medians))
        yield page


def label_url(campaign: Campaign) -> str:
    return f"/p/{campaign.project.slug}/label/{campaign.pk}/"


def undo_url(campaign: Campaign) -> str:
    return f"{label_url(campaign)}undo/"


def answer_url(assignment: Assignment) -> str:
    return f"/p/{assignment.campaign.project.slug}/label/assignments/{assignment.pk}/answer/"


def next_url(campaign: Campaign, have: int | str = "") -> str:
    return f"{label_url(campaign)}next/?have={have}"


def keep_url(assignment: Assignment) -> str:
    return answer_url(assignment).replace("/answer/", "/keep/")


def diff_url(assignment: Assignment) -> str:
    return answer_url(assignment).replace("/answer/", "/diff/")
