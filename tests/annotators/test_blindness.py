"""Annotators never learn who wrote a response or what anybody else answered."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from annotators.models import Assignment, Campaign
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_start
from curation.models import Pair, Response
from curation.services.judgment_record import judgment_record
from curation.services.rater_get import person_rater
from tests.annotators.conftest import answer_url, label_url, undo_url
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory, SamplerFactory

pytestmark = pytest.mark.django_db

SECRETS = ["SECRET-MODEL", "SECRET-JUDGE", "SECRET-RATIONALE", "SECRET-SOURCE", "SECRET-TAG", "rita"]


@pytest.fixture
def pair(people: People) -> Pair:
    """A pair with large, recognisable ids, answered by a judge and by Rita."""
    prompt = PromptFactory(
        id=710_001, project=people.project, source="SECRET-SOURCE", category="SECRET-TAG", tags=["SECRET-TAG"]
    )
    sampler = SamplerFactory(id=720_001, project=people.project, model_name="SECRET-MODEL")
    made: Pair = PairFactory(
        id=730_001,
        prompt=prompt,
        response_a__id=740_001,
        response_b__id=740_002,
        response_a__sampler=sampler,
        response_b__sampler=sampler,
    )
    judge = RaterFactory(project=people.project, label="SECRET-JUDGE")
    JudgmentFactory(pair=made, rater=judge, rationale="SECRET-RATIONALE")
    rita = person_rater(project=people.project, user=people.rita)
    judgment_record(pair=made, rater=rita, left="a", outcome="both_bad", source="campaign")
    return made


def blind(client: Client, method: str, url: str, data: dict[str, str] | None = None) -> None:
    response = getattr(client, method)(url, data, headers={"HX-Request": "true"})
    seen = response.content.decode() + "".join(f"{name}: {value}\n" for name, value in response.items())
    for secret in [*SECRETS, "710001", "720001", "730001", "740001", "740002"]:
        assert secret not in seen, secret


def test_label_page_is_blind(people: People, pair: Pair) -> None:
    campaign = campaign_start(
        campaign=campaign_create(
            project=people.project, name="Blind", pairs=Pair.objects.all(), overlap=2, user=people.alice
        )
    )
    client = people.client("anna")
    full = client.get(label_url(campaign))
    assert Response.objects.get(pk=740_001).text in full.content.decode()
    assert not [secret for secret in SECRETS if secret in full.content.decode()]
    blind(client, "get", label_url(campaign))
    turn = Assignment.objects.get()
    blind(client, "post", answer_url(turn), {"answer": "nonsense"})
    blind(client, "post", answer_url(turn), {"answer": "tie"})
    edit = f"/p/{people.project.slug}/label/assignments/{turn.pk}/edit/"
    for path in (edit, f"/p/{people.project.slug}/work/history/", f"/p/{people.project.slug}/work/me/"):
        blind(client, "get", path)
    blind(client, "post", edit, {"answer": "nonsense"})
    blind(client, "post", undo_url(campaign))
    blind(client, "get", f"{label_url(campaign)}next/?have={turn.pk}")
    blind(client, "get", f"/p/{people.project.slug}/label/assignments/{turn.pk}/diff/")
    blind(client, "post", f"/p/{people.project.slug}/label/assignments/{turn.pk}/keep/")
    blind(client, "get", f"/p/{people.project.slug}/work/")


def test_forms_carry_the_answer_only(people: People, campaign: Campaign) -> None:
    page = people.client("anna").get(label_url(campaign)).content.decode()
    turn = page[page.index('id="turn"') :]
    names = set(re.findall(r'<(?:input|button|select)[^>]* name="(\w+)"', turn))
    assert names == {"csrfmiddlewaretoken", "answer", "flags", "skip_reason", "turn", "visible_ms"}
