"""The form that makes a campaign: each option, each contradiction, presets, copies, the count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotators.models import Campaign, GoldPair
from annotators.task_form import TaskForm
from annotators.task_presets import PRESETS
from curation.models import Consensus, DatasetVersion, Pair
from curation.services.dataset_freeze import dataset_freeze
from curation.services.rater_get import person_rater
from curation.services.recipe_save import recipe_save
from tests.annotators.campaign_data import NEW, campaign_fields, post_campaign, posted
from tests.annotators.conftest import MakeCampaign
from tests.conftest import People
from tests.factories import JudgmentFactory, PairFactory, PromptFactory, RaterFactory

pytestmark = pytest.mark.django_db


def pair_of(people: People, **prompt: Any) -> Pair:
    return PairFactory(prompt=PromptFactory(project=people.project, **prompt))


def made(people: People, **changed: Any) -> Campaign:
    """The campaign that the form makes; fails with what the form said otherwise."""
    response = post_campaign(people, **changed)
    assert response.status_code == 302, response.content.decode()
    return Campaign.objects.latest("pk")


def test_it_works(people: People) -> None:
    pair_of(people)
    campaign = made(people)
    assert (campaign.name, campaign.state, campaign.created_by) == ("Pilot", "draft", people.rita)
    assert campaign.task == TaskForm()
    page = people.client("rita").get(NEW).content.decode()
    assert "Start from" in page
    assert "An example" in page


def test_every_setting_reaches_the_campaign(people: People) -> None:
    pair = pair_of(people)
    pair_of(people)
    GoldPair.objects.create(project=people.project, pair=pair, expected="a")
    campaign = made(
        people,
        overlap=2,
        overlap_cap=4,
        lease_seconds=300,
        who="chosen",
        participants=[people.anna.pk, people.rob.pk],
        order="uncertainty",
        seed=5,
        control_share="25",
        gold_share="7.5",
        qualification_size=3,
        qualification_pass="70",
        daily_goal=40,
        break_after_minutes="",
        mask_identity=False,
        mask_words="Zed\nZed 2",
        names_shown="on",
    )
    assert [
        campaign.overlap, campaign.overlap_cap, campaign.lease_seconds, campaign.invited_only, campaign.order,
        campaign.seed, campaign.control_share, campaign.gold_share, campaign.qualification_size,
        campaign.qualification_pass, campaign.daily_goal, campaign.break_after_minutes,
        campaign.mask_identity, campaign.mask_words.splitlines(), campaign.names_shown,
    ] == [
        2, 4, 300, True, "uncertainty", 5, 0.25, 0.075, 3, 0.7, 40, None, False, ["Zed", "Zed 2"], True,
    ]  # fmt: skip
    assert set(campaign.participations.values_list("user__username", "state")) == {
        ("anna", "qualifying"),
        ("rob", "qualifying"),
    }
    assert campaign.campaign_pairs.filter(gold__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"steps": "7"}, "steps", 7),
        ({"tie": False}, "tie", False),
        ({"both_bad": False}, "both_bad", False),
        ({"ratings_on": "on", "ratings": "Helpfulness 0-4\nStyle 1–5\nTone"}, "ratings", [
            {"name": "Helpfulness", "low": 0, "high": 4},
            {"name": "Style", "low": 1, "high": 5},
            {"name": "Tone", "low": 0, "high": 4},
        ]),
        ({"ratings": "Helpfulness 0-4"}, "ratings", []),
        ({"comparisons_on": "on", "comparisons": " Taste \n\nStyle"}, "comparisons", ["Taste", "Style"]),
        ({"spans_on": "on", "span_types": "factual\ntone", "span_severities": "2"}, "spans",
         {"types": ["factual", "tone"], "severities": 2}),
        ({"segments_on": "on", "segment_unit": "step", "segment_ask": "first_wrong"}, "segments",
         {"unit": "step", "ask": "first_wrong"}),
        ({"rationale": "required", "rationale_chars": "30", "rationale_reasons": "Clearer"}, "rationale",
         {"required": True, "min_chars": 30, "reasons": ["Clearer"]}),
        ({"rationale": "optional", "rationale_reasons": ""}, "rationale",
         {"required": False, "min_chars": 0, "reasons": []}),
        ({"rewrite": "required"}, "rewrite", "required"),
        ({"safety_on": "on", "safety": "Refusal\nHate"}, "safety", ["Refusal", "Hate"]),
        ({"flags_on": False}, "flags", []),
        ({"flags": "pii\nodd"}, "flags", ["pii", "odd"]),
    ],
)  # fmt: skip
def test_each_part_of_the_task_form(people: People, fields: dict[str, Any], name: str, expected: Any) -> None:
    pair_of(people)
    assert made(people, **fields).form[name] == expected


def test_a_ranking(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    first = PairFactory(prompt=prompt)
    PairFactory(prompt=prompt)
    assert first.prompt == prompt
    campaign = made(people, kind="ranking", ranking_size="4")
    assert (campaign.task.kind, campaign.n_pairs) == ("ranking", 1)


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "This field is required"),
        ({"name": "Taken"}, "name", "already has a campaign named"),
        ({"overlap": 3, "overlap_cap": 2}, "overlap_cap", "cannot be below the 3 people"),
        ({"overlap_cap": 10}, "overlap_cap", "less than or equal to 9"),
        ({"who": "chosen"}, "participants", "Choose at least one person"),
        ({"participants": ["999999"]}, "participants", "not one of the available choices"),
        ({"gold_share": "5"}, "gold_share", "no gold pairs yet"),
        ({"qualification_size": "5"}, "qualification_size", "no gold pairs yet"),
        ({"gold_share": "60"}, "gold_share", "less than or equal to 50"),
        ({"control_share": "120"}, "control_share", "less than or equal to 100"),
        ({"kind": "ranking", "gold_share": "5"}, "gold_share", "a ranking cannot use it"),
        ({"kind": "ranking", "ratings_on": "on"}, "ratings_on", "A ranking takes only"),
        ({"kind": "ranking", "rewrite": "optional"}, "rewrite", "A ranking takes only"),
        ({"kind": "ranking", "ranking_size": "2"}, "ranking_size", "greater than or equal to 3"),
        ({"kind": "guessing"}, "kind", "not one of the available choices"),
        ({"steps": "6"}, "steps", "not one of the available choices"),
        ({"ratings_on": "on", "ratings": ""}, "ratings", "nothing is listed"),
        ({"ratings_on": "on", "ratings": "Style 4-4"}, "ratings", "must end above where it begins"),
        ({"ratings_on": "on", "ratings": "Style 0-12"}, "ratings", "two digits"),
        ({"ratings_on": "on", "ratings": "\n".join(f"s{n} 0-4" for n in range(13))}, "ratings", "At most 12"),
        ({"ratings_on": "on", "ratings": "x" * 61}, "ratings", "Keep each entry to 60 characters"),
        ({"comparisons_on": "on", "comparisons": "Style\nStyle"}, "comparisons", "twice"),
        ({"spans_on": "on", "span_types": ""}, "span_types", "nothing is listed"),
        ({"spans_on": "on", "span_severities": "9"}, "span_severities", "less than or equal to 5"),
        ({"rationale": "required", "rationale_chars": "9999"}, "rationale_chars", "or equal to 5000"),
        ({"safety_on": "on", "safety": "\n".join(f"t{n}" for n in range(21))}, "safety", "At most 20"),
        ({"margin_below": "2"}, "margin_below", "less than or equal to 1"),
        ({"dataset": "1:kept"}, "dataset", "not one of the available choices"),
    ],
)  # fmt: skip
def test_contradictions_stand_beside_their_field(
    people: People, make_campaign: MakeCampaign, fields: dict[str, Any], field: str, words: str
) -> None:
    make_campaign(1, name="Taken")
    response = post_campaign(people, **fields)
    assert response.status_code == 200
    errors = response.context["form"].errors
    assert words in " ".join(errors[field]), errors
    assert words.replace("'", "&#x27;") in response.content.decode()
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_each_preset_fills_the_parts_in_and_can_be_posted_as_it_is(people: People, preset: Any) -> None:
    prompt = PromptFactory(project=people.project)
    PairFactory(prompt=prompt)
    PairFactory(prompt=prompt)
    filled = post_campaign(people, action="preset", preset=preset.key, overlap=3)
    assert Campaign.objects.count() == 0
    form = filled.context["form"]
    assert form["overlap"].value() == "3"
    client = people.client("rita")
    assert client.post(NEW, {**posted(form), "action": "make"}).status_code == 302
    campaign = Campaign.objects.get()
    assert (campaign.name, campaign.overlap, campaign.task) == ("Pilot", 3, preset.form)


def test_settings_of_another_campaign_are_copied(people: People, make_campaign: MakeCampaign) -> None:
    task = TaskForm(steps=7, comparisons=("Style",), rewrite="optional", flags=())
    old = make_campaign(
        2, overlap=2, overlap_cap=5, form=task, order="round_robin", invited_only=True, daily_goal=9,
        participants=[people.anna], mask_words="Zed", guidelines="Be brief.", control_share=0.2,
    )  # fmt: skip
    form = people.client("rita").get(f"{NEW}?like={old.pk}").context["form"]
    assert people.client("rita").post(NEW, {**posted(form), "action": "make"}).status_code == 302
    new = Campaign.objects.latest("pk")
    same = (
        "overlap",
        "overlap_cap",
        "form",
        "order",
        "invited_only",
        "daily_goal",
        "mask_words",
        "control_share",
    )
    assert new.pk != old.pk
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert [person.user for person in new.participations.all()] == [people.anna]
    assert new.guidelines.get().text == "Be brief."


def test_only_a_campaign_of_the_project_is_copied(people: People, make_campaign: MakeCampaign) -> None:
    theirs = make_campaign(project=people.charlie.projects.get())
    for like in (theirs.pk, 999_999, "x"):
        assert people.client("rita").get(f"{NEW}?like={like}").status_code == 404


# ── which pairs ──────────────────────────────────────────────────────────────


def counted(people: People, **filters: Any) -> int:
    """How many pairs the fragment counts; the campaign made with the same filters has as many."""
    client = people.client("rita")
    fragment = client.get(f"{NEW}count/", {"judged": "", **filters}).content.decode()
    number = re.search(r"<strong>([\d,]+)</strong> pair", fragment)
    found = int(number[1].replace(",", "")) if number else 0
    assert bool(found) == ("No pair matches" not in fragment)
    response = post_campaign(people, **{"judged": "", **filters})
    assert (response.status_code == 302) == bool(found)
    if found:
        assert Campaign.objects.get().n_pairs == found
        Campaign.objects.all().delete()
    return found


def test_each_filter_counts_what_it_takes(people: People) -> None:
    plain = pair_of(people, category="maths", source="forum")
    by_person = pair_of(people, split="eval")
    by_judge = pair_of(people)
    PairFactory()  # of another project
    JudgmentFactory(pair=by_person, rater=person_rater(project=people.project, user=people.anna))
    JudgmentFactory(pair=by_judge, rater=RaterFactory(project=people.project))
    for pair, margin in ((by_person, 0.9), (by_judge, 0.1)):
        probability = 0.5 + margin / 2
        Consensus.objects.create(
            pair=pair, method="mean_probability", winner="a", probability=probability, margin=margin
        )
    assert plain.prompt.preview
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 3),
        ({"judged": "no_person"}, 2),
        ({"judged": "person"}, 1),
        ({"judged": "judge"}, 1),
        ({"judged": "nobody"}, 1),
        ({"split": "eval"}, 1),
        ({"category": "maths"}, 1),
        ({"source": "forum"}, 1),
        ({"consensus": "yes"}, 2),
        ({"consensus": "no"}, 1),
        ({"margin_below": "0.5"}, 1),
        ({"text": plain.prompt.preview}, 1),
        ({"text": "nothing says this"}, 0),
        ({"category": "maths", "split": "eval"}, 0),
    ]
    for filters, expected in cases:
        assert counted(people, **filters) == expected, filters


def test_pairs_of_a_dataset_version(people: People) -> None:
    kept, dropped = pair_of(people), pair_of(people)
    for pair, margin in ((kept, 0.9), (dropped, 0.1)):
        JudgmentFactory(
            pair=pair, rater=RaterFactory(project=people.project), probability=0.5 + margin / 2, preference=1
        )
    recipe = recipe_save(
        project=people.project,
        name="Clear",
        steps=[{"step": "consensus_exists"}, {"step": "min_margin", "margin": 0.5}],
        user=people.rita,
    )
    version: DatasetVersion = dataset_freeze(recipe=recipe, user=people.rita)
    for choice, pair in ((f"{version.pk}:kept", kept), (f"{version.pk}:1", dropped)):
        campaign = made(people, judged="", dataset=choice)
        assert [row.pair for row in campaign.campaign_pairs.all()] == [pair]
        campaign.delete()


def test_the_count_says_when_it_gives_up(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotators.views.campaign_forms.count_within", lambda *_, **__: None)
    page = people.client("rita").get(f"{NEW}count/").content.decode()
    assert "Too many to count at once" in page
    assert "<html" not in page


def test_the_count_works_without_javascript(people: People) -> None:
    pair_of(people)
    response = post_campaign(people, action="count", name="")
    assert "<strong>1</strong> pair matches." in response.content.decode()
    assert not response.context["form"].errors
    assert Campaign.objects.count() == 0


def test_a_wrong_filter_is_no_error_page(people: People) -> None:
    page = people.client("rita").get(f"{NEW}count/", {"margin_below": "x"}).content.decode()
    assert "not a value that can be looked for" in page


def test_the_form_costs_the_same_for_few_rows_and_many(
    people: People, make_campaign: MakeCampaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    make_campaign(1)
    for n_more in (0, 4):
        for n in range(n_more):
            make_campaign(2, participants=[people.anna, people.rob])
            pair_of(people, category=f"category {n}", source=f"source {n}")
        with django_assert_max_num_queries(16):
            assert client.get(NEW).status_code == 200
        with django_assert_max_num_queries(16):
            assert client.get(f"{NEW}count/").status_code == 200


def test_untouched_fields_are_honest_defaults(people: People) -> None:
    pair_of(people)
    fields = campaign_fields(people.project)
    assert (fields["gold_share"], fields["qualification_pass"], fields["control_share"]) == ("0", "80", "10")
    campaign = made(people)
    blank = Campaign(project=people.project, name="blank")
    names = [
        field.name
        for field in Campaign._meta.get_fields()
        if field.concrete
        and field.name not in {"id", "name", "form", "seed", "n_pairs", "created_by", "created_at"}
    ]
    assert {name: getattr(campaign, name) for name in names} == {name: getattr(blank, name) for name in names}
