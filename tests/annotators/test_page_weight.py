"""The labelling page is light: all that it needs, compressed, is under 120 kB."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders

from annotators.models import Campaign
from annotators.task_form import Rationale, Scale, Segments, Spans, TaskForm
from tests.annotators.conftest import MakeCampaign, label_url
from tests.conftest import People

pytestmark = pytest.mark.django_db

LIMIT = 120_000
EVERY_PART = TaskForm(
    ratings=(Scale(name="help"),),
    comparisons=("clarity",),
    spans=Spans(),
    segments=Segments(),
    rationale=Rationale(reasons=("Clearer",)),
    safety=("Refusal",),
    rewrite="optional",
)


def linked(html: str) -> set[str]:
    """Every file the page loads by itself."""
    found = re.findall(r'<(?:script|link|img|source)\b[^>]*?\b(?:src|href)="([^"]+)"', html)
    return {urlsplit(address).path for address in found}


def compressed(path: str) -> int:
    """Bytes of a static file as they are sent, with what a style sheet loads in its turn."""
    found = finders.find(path.removeprefix("/static/"))
    assert isinstance(found, str), path
    with open(found, "rb") as file:  # noqa: PTH123 -- a finder gives a string
        content = file.read()
    if path.endswith(".css"):
        assert not re.search(rb"url\((?!['\"]?data:)|@import", content), path
    return len(gzip.compress(content, 9))


def weigh(people: People, campaign: Campaign) -> dict[str, int]:
    html = people.client("anna").get(label_url(campaign)).content.decode()
    files = linked(html)
    assert {"/static/css/label.css", "/static/js/label.js", "/static/js/label-outbox.js"} <= files
    return {"page": len(gzip.compress(html.encode(), 9)), **{path: compressed(path) for path in files}}


def test_the_page_with_all_it_loads(people: People, campaign: Campaign) -> None:
    weight = weigh(people, campaign)
    assert sum(weight.values()) < LIMIT, weight


def test_with_every_part_of_the_form(people: People, make_campaign: MakeCampaign) -> None:
    weight = weigh(people, make_campaign(2, form=EVERY_PART))
    assert sum(weight.values()) < LIMIT, weight
