"""Making campaigns and moving them from draft to closed."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotators.errors import CampaignError
from annotators.models import Campaign
from annotators.services.assignment_claim import assignment_claim
from annotators.services.campaign_create import campaign_create
from annotators.services.campaign_manage import campaign_close, campaign_pause, campaign_start
from annotators.services.guideline_save import guideline_save
from curation.models import Pair
from curation.services.rater_get import person_rater
from tests.annotators.campaign_data import post_campaign
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory

pytestmark = pytest.mark.django_db


def create(people: People, **fields: Any) -> Campaign | None:
    post_campaign(people, **{"name": "Pilot", "overlap": 2, "lease_seconds": 600, "seed": 7, **fields})
    return Campaign.objects.filter(name="Pilot").first()


def test_it_works(people: People) -> None:
    for _ in range(4):
        PairFactory(prompt=PromptFactory(project=people.project))
    PairFactory()  # of another project
    campaign = create(people, judged="", guidelines="Be fair.")
    assert campaign is not None
    assert (campaign.state, campaign.n_pairs) == ("draft", 4)
    assert Campaign.objects.with_progress().get().n_slots == 8
    assert sorted(campaign.campaign_pairs.values_list("position", "slots_left")) == [
        (i, 2) for i in (1, 2, 3, 4)
    ]
    page = people.client("rita").get(f"/p/helpfulness/campaigns/{campaign.pk}/").content.decode()
    assert "Be fair." in page
    assert "Pilot" in people.client("rita").get("/p/helpfulness/campaigns/").content.decode()


def test_scopes_and_limit(people: People) -> None:
    kept = PairFactory(prompt=PromptFactory(project=people.project))
    judged = PairFactory(prompt=PromptFactory(project=people.project))
    JudgmentFactory(pair=judged, rater=person_rater(project=people.project, user=people.anna))
    held_out = PairFactory(prompt=PromptFactory(project=people.project, split="eval"))
    wanted: list[tuple[dict[str, str], set[Pair]]] = [
        ({"judged": "no_person"}, {kept, held_out}),
        ({"judged": "", "split": "train"}, {kept, judged}),
        ({"judged": ""}, {kept, judged, held_out}),
    ]
    for scope, pairs in wanted:
        campaign = create(people, **scope)
        assert campaign is not None
        assert {row.pair for row in campaign.campaign_pairs.all()} == pairs
        Campaign.objects.all().delete()
    limited = create(people, judged="", limit=2)
    assert limited is not None
    assert limited.n_pairs == 2


def test_a_seed_gives_one_order_and_none_keeps_ids(people: People) -> None:
    pairs = [PairFactory(prompt=PromptFactory(project=people.project)) for _ in range(12)]

    def order(name: str, seed: int | None) -> list[int]:
        campaign = campaign_create(
            project=people.project,
            name=name,
            pairs=Pair.objects.all(),
            user=people.rita,
            order="id" if seed is None else "random",
            seed=seed,
        )
        return list(campaign.campaign_pairs.values_list("pair_id", flat=True))

    ids = [pair.pk for pair in pairs]
    assert order("by id", None) == ids
    first = order("one", 1)
    assert first == order("one again", 1)
    assert first != ids
    assert first != order("two", 2)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"overlap": 10}, "less than or equal to 9"),
        ({"lease_seconds": 5}, "greater than or equal to 10"),
        ({"name": "Taken"}, "already has a campaign named"),
        ({"split": "train"}, "Build pairs first"),
    ],
)
def test_mistakes_are_explained(people: People, fields: dict[str, Any], words: str) -> None:
    PairFactory(prompt=PromptFactory(project=people.project, split="eval"))
    campaign_create(project=people.project, name="Taken", pairs=Pair.objects.all(), user=people.rita)
    assert words in post_campaign(people, **fields).content.decode()
    assert Campaign.objects.count() == 1


def test_states_move_only_forward_from_where_they_are(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(started=False)
    for refused in (campaign_pause, campaign_close):
        with pytest.raises(CampaignError, match="is draft"):
            refused(campaign=campaign)
    steps = [campaign_start, campaign_pause, campaign_start, campaign_close, campaign_start]
    assert [step(campaign=campaign).state for step in steps] == [
        "running",
        "paused",
        "running",
        "closed",
        "running",
    ]


def test_a_stale_page_is_told(people: People, campaign: Campaign) -> None:
    campaign_close(campaign=campaign)
    url = f"/p/helpfulness/campaigns/{campaign.pk}/pause/"
    page = people.client("rita").post(url, follow=True).content.decode()
    assert "is closed, so it cannot become paused" in page


def test_guidelines_are_versioned_and_remembered(people: People, campaign: Campaign) -> None:
    shown = assignment_claim(campaign=campaign, user=people.anna)
    url = f"/p/helpfulness/campaigns/{campaign.pk}/guidelines/"
    people.client("rita").post(url, {"text": "Be kind."})
    assert [g.number for g in campaign.guidelines.all()] == [2, 1]
    assert guideline_save(campaign=campaign, text="Be kind.").number == 2
    assert shown is not None
    shown.refresh_from_db()
    assert shown.guideline is not None
    assert shown.guideline.text == "Be **fair**."


def test_pages_cost_the_same_for_one_row_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    campaign = make_campaign(1)
    for n_more in (0, 3):
        for _ in range(n_more):
            make_campaign(2, overlap=3)
        for path in ("campaigns/", f"campaigns/{campaign.pk}/", f"campaigns/{campaign.pk}/answers/", "work/"):
            with django_assert_max_num_queries(20):
                assert client.get(f"/p/helpfulness/{path}").status_code == 200
