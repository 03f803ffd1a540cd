"""Leaving a rater out of every consensus, and taking them back in."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.errors import CurationError
from curation.models import Consensus, Judgment, Rater
from curation.services.consensus_build import consensus_build
from curation.services.dataset_freeze import dataset_freeze
from curation.services.rater_exclude import rater_exclude, rater_include
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, judged_pair, saved_recipe
from tests.factories import JudgmentFactory, PairFactory, RaterFactory, person_rater

pytestmark = pytest.mark.django_db


def url(rater: Rater, act: str = "") -> str:
    return f"/p/helpfulness/raters/{rater.pk}/{act}"


def test_it_works(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    anna, rob = (person_rater(user, people.project) for user in (people.anna, people.rob))
    JudgmentFactory(pair=pair, rater=anna, preference=3)
    JudgmentFactory(pair=pair, rater=rob, preference=-1)
    client = people.client("rita")
    client.post(url(anna, "exclude/"), {"reason": "Always left"})
    assert list(Judgment.objects.counted().values_list("rater", flat=True)) == [rob.pk]
    assert Judgment.objects.current().count() == 2
    consensus_build(project=people.project, method="majority")
    assert Consensus.objects.get().winner == "b"
    page = client.get(url(anna)).content.decode()
    assert "Always left" in page
    assert "Count them again" in page
    assert "Left out" in client.get(f"/p/helpfulness/pairs/{pair.pk}/").content.decode()
    client.post(url(anna, "include/"))
    consensus_build(project=people.project, method="mean_probability")
    assert Consensus.objects.get(method="mean_probability").winner == "a"
    exclusion = anna.exclusions.get()
    assert (exclusion.created_by, exclusion.lifted_by) == (people.rita, people.rita)
    assert "Always left" in client.get(url(anna)).content.decode()


def test_each_act_needs_the_state_it_leaves(people: People) -> None:
    rater = person_rater(people.anna, people.project)
    with pytest.raises(CurationError, match="counts already"):
        rater_include(rater=rater, user=people.rita)
    with pytest.raises(CurationError, match="Say why"):
        rater_exclude(rater=rater, user=people.rita, reason="  ")
    rater_exclude(rater=rater, user=people.rita, reason="Guesses")
    with pytest.raises(CurationError, match="left out already"):
        rater_exclude(rater=rater, user=people.rita, reason="Again")
    rater_include(rater=rater, user=people.rita)
    rater_exclude(rater=rater, user=people.rita, reason="Guesses again")
    assert rater.exclusions.count() == 2
    page = people.client("rita").post(url(rater, "exclude/"), {"reason": "x"}, follow=True)
    assert "left out already" in page.content.decode()


def test_judges_can_be_left_out_of_recipes(people: People) -> None:
    good, bad = RaterFactory(project=people.project), RaterFactory(project=people.project)
    pair = judged_pair(people.project, 0.9, rater=good)
    judge_both_orders(pair, bad, 0.1)
    recipe = saved_recipe(people.project, [{"step": "consensus_exists"}, {"step": "judges_agree"}])
    assert recipe_run(recipe=recipe, user=None).pairs_kept == 0
    rater_exclude(rater=bad, user=people.rita, reason="Broken prompt")
    assert recipe_run(recipe=recipe, user=None).pairs_kept == 1


def test_the_card_names_who_was_left_out(people: People) -> None:
    good, bad = RaterFactory(project=people.project), RaterFactory(project=people.project, label="bad v1")
    pair = judged_pair(people.project, 0.9, rater=good)
    judge_both_orders(pair, bad, 0.1)
    rater_exclude(rater=bad, user=people.rita, reason="Broken prompt")
    version = dataset_freeze(recipe=saved_recipe(people.project), user=people.rita)
    assert version.card["excluded"] == [
        {"rater": bad.pk, "label": "bad v1", "reason": "Broken prompt", "judgments": 2}
    ]
    assert [rater["rater"] for rater in version.card["raters"]] == [good.pk]
    assert version.card["consensus_label"] == "Mean probability"
    page = people.client("rita").get("/p/helpfulness/datasets/1/").content.decode()
    assert "2 judgments, because: Broken prompt" in page
    assert "consensus by Mean probability" in page


def test_judgments_are_listed_and_narrowed(people: People) -> None:
    rater = person_rater(people.anna, people.project)
    pairs = [PairFactory(prompt__project=people.project) for _ in range(2)]
    JudgmentFactory(pair=pairs[0], rater=rater)
    JudgmentFactory(pair=pairs[1], rater=rater, outcome="tie", preference=None)
    client = people.client("rita")
    assert len(client.get(url(rater)).context["page"].object_list) == 2
    listed = client.get(f"{url(rater)}?outcome=tie&source=odd").context["page"].object_list
    assert [judgment.pair for judgment in listed] == [pairs[1]]
    assert "No judgment matches" in client.get(f"{url(rater)}?outcome=skip").content.decode()


def test_the_page_costs_the_same_for_one_row_and_many(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rater = person_rater(people.anna, people.project)
    client = people.client("rita")
    for n_more in (1, 4):
        for _ in range(n_more):
            JudgmentFactory(pair=PairFactory(prompt__project=people.project), rater=rater)
        with django_assert_max_num_queries(9):
            assert client.get(url(rater)).status_code == 200


def test_researchers_only(people: People) -> None:
    rater = person_rater(people.anna, people.project)
    for name in ("rob", "anna", "charlie"):
        assert people.client(name).get(url(rater)).status_code == 404
        for act in ("exclude/", "include/"):
            assert people.client(name).post(url(rater, act), {"reason": "x"}).status_code == 404
    stranger = RaterFactory()
    assert people.client("rita").get(url(stranger)).status_code == 404
    assert not rater.exclusions.exists()
