"""The consensus methods that weigh raters, and decisions that outweigh every one of them."""

from __future__ import annotations

import pytest

from annotators.quality.consensus import METHODS
from annotators.services.gold_manage import gold_add, gold_retire
from curation.consensus_methods import consensus_methods
from curation.errors import CurationError
from curation.models import Consensus, Pair, Rater
from curation.recipes.base import RecipeError
from curation.recipes.steps import parse_steps
from curation.services.consensus_build import consensus_basis, consensus_build
from curation.services.dataset_freeze import dataset_freeze
from curation.services.recipe_run import recipe_run
from curation.services.run_build import run_build, run_request
from tests.conftest import People
from tests.curation.recipe_data import saved_recipe
from tests.factories import JudgmentFactory, PairFactory, RaterFactory, person_rater

pytestmark = pytest.mark.django_db

NAMES = [method.name for method in METHODS]


def panel(people: People, n: int = 3) -> list[Rater]:
    return [
        RaterFactory(kind="person", project=people.project, label=f"expert {number}") for number in range(n)
    ]


def make_pair(people: People, **says: object) -> Pair:
    return PairFactory(prompt__project=people.project)


def say(pair: Pair, rater: Rater, towards_a: int | None, outcome: str = "tie", left: str = "a") -> None:
    if towards_a is None:
        JudgmentFactory(pair=pair, rater=rater, left=left, outcome=outcome, preference=None)
    else:
        preference = towards_a if left == "a" else -towards_a
        JudgmentFactory(pair=pair, rater=rater, left=left, preference=preference)


def build(people: People, method: str) -> dict[int, Consensus]:
    consensus_build(project=people.project, method=method)
    return {row.pair_id: row for row in Consensus.objects.filter(method=method)}


def make_gold(people: People, pair: Pair) -> None:
    gold_add(project=people.project, pair=pair, expected="a", user=people.rita)


def test_all_are_registered(people: People) -> None:
    assert [method.name for method in consensus_methods()] == ["mean_probability", "majority", *NAMES]
    form = people.client("rita").get("/p/helpfulness/recipes/new/").content.decode()
    for method in consensus_methods():
        assert f'<option value="{method.name}"' in form
        assert parse_steps([{"step": "consensus_exists", "method": method.name}])
    with pytest.raises(RecipeError, match="There is no consensus method “vibes”"):
        parse_steps([{"step": "consensus_exists", "method": "vibes"}])


@pytest.mark.parametrize("method", ["mean_probability", "majority", *NAMES])
def test_unanimous_pairs_have_their_winner_whatever_the_method(people: People, method: str) -> None:
    pairs = [make_pair(people) for _ in range(6)]
    make_gold(people, make_pair(people))
    for number, pair in enumerate(pairs):
        for place, rater in enumerate(panel(people) if number == 0 else Rater.objects.filter(kind="person")):
            say(pair, rater, 2 if number % 2 else -2, left="ab"[(place + number) % 2])
    found = build(people, method)
    assert [found[pair.pk].winner for pair in pairs] == ["b", "a"] * 3
    row = found[pairs[1].pk]
    assert row.probability > 0.8
    assert row.margin == pytest.approx(2 * row.probability - 1)
    assert row.votes["a"] == row.votes["raters"] == 3


@pytest.mark.parametrize("method", ["mean_probability", "majority", *NAMES])
def test_a_decision_outweighs_everybody(people: People, method: str) -> None:
    decided, other = make_pair(people), make_pair(people)
    make_gold(people, make_pair(people))
    for rater in panel(people):
        say(decided, rater, 3)
        say(other, rater, -2)
    rob = person_rater(people.rob, people.project)
    JudgmentFactory(pair=decided, rater=rob, left="b", preference=2, source="adjudicated")
    found = build(people, method)
    row = found[decided.pk]
    assert (row.winner, row.votes["adjudicated"], row.votes["set_aside"], row.votes["b"]) == ("b", 1, 3, 1)
    assert found[other.pk].winner == "b"
    page = people.client("rita").get(f"/p/helpfulness/pairs/{decided.pk}/").content.decode()
    assert "1 decided by a reviewer · 3 set aside" in page


@pytest.mark.parametrize("method", ["mean_probability", "majority", *NAMES])
def test_edges(people: People, method: str) -> None:
    """Nobody answered; all ties; both bad; skips alone; one rater only."""
    make_gold(people, make_pair(people))
    assert build(people, method) == {}
    (rater,) = panel(people, 1)
    tie, bad, skipped, alone = (make_pair(people) for _ in range(4))
    say(tie, rater, None)
    say(bad, rater, None, "both_bad")
    say(skipped, rater, None, "skip")
    found = build(people, method)
    assert {pk: (row.winner, row.probability) for pk, row in found.items()} == {
        tie.pk: ("", 0.5),
        bad.pk: ("", 0.5),
    }
    assert found[bad.pk].votes["both_bad"] == 1
    for _ in range(3):
        say(make_pair(people), rater, -2)
    say(alone, rater, -2)
    assert build(people, method)[alone.pk].winner == "b"


def test_gold_makes_one_good_rater_outweigh_two_bad_ones(people: People) -> None:
    good, *bad = panel(people)
    for _ in range(6):
        gold = make_pair(people)
        make_gold(people, gold)
        say(gold, good, 2)
        for rater in bad:
            say(gold, rater, -2)
    asked = make_pair(people)
    say(asked, good, 1)
    for rater in bad:
        say(asked, rater, -3)
    assert build(people, "majority")[asked.pk].winner == "b"
    assert build(people, "gold_weighted")[asked.pk].winner == "a"


def test_what_gold_expects_is_part_of_what_a_consensus_was_built_from(people: People) -> None:
    gold = gold_add(project=people.project, pair=make_pair(people), expected="a", user=people.rita)
    before = [consensus_basis(people.project, method) for method in ("gold_weighted", "majority")]
    gold_retire(gold=gold)
    after = [consensus_basis(people.project, method) for method in ("gold_weighted", "majority")]
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_without_gold_nothing_is_weighted_and_it_is_said(people: People) -> None:
    pair = make_pair(people)
    (rater,) = panel(people, 1)
    say(pair, rater, 2)
    recipe = saved_recipe(people.project, [{"step": "consensus_exists", "method": "gold_weighted"}])
    with pytest.raises(CurationError, match="No pair of this project is gold"):
        recipe_run(recipe=recipe, user=None)
    gold = gold_add(project=people.project, pair=make_pair(people), expected="a", user=people.rita)
    assert recipe_run(recipe=recipe, user=None).pairs_kept == 1
    gold_retire(gold=gold)
    asked = run_request(recipe=recipe, user=people.rita)
    run_build(run_id=asked.pk)
    page = people.client("rita").get(f"/p/helpfulness/recipe-runs/{asked.pk}/")
    assert "No pair of this project is gold" in page.content.decode()


def test_dawid_skene_trusts_who_agrees_with_the_others(people: People) -> None:
    *good, random, contrary = panel(people, 5)
    for number in range(12):
        truth = 2 if number % 2 else -2
        pair = make_pair(people)
        for rater in good:
            say(pair, rater, truth)
        say(pair, random, 2 if number % 3 else -2)
        say(pair, contrary, -truth)
    asked = make_pair(people)
    say(asked, good[0], 2)
    say(asked, contrary, -2)
    say(asked, random, -2)
    assert build(people, "majority")[asked.pk].winner == "b"
    assert build(people, "dawid_skene")[asked.pk].winner == "a"


def test_three_most_similar_settles_nothing_where_they_spread(people: People) -> None:
    near, far = make_pair(people), make_pair(people)
    raters = panel(people, 4)
    for rater, close, spread in zip(raters, (3, 2, 2, -3), (3, -3, 0, 1), strict=True):
        say(near, rater, close)
        say(far, rater, spread or None)
    found = build(people, "three_most_similar")
    assert (found[near.pk].winner, found[near.pk].probability) == ("a", pytest.approx(0.85))
    assert found[far.pk].winner == ""


def test_noisy_bradley_terry_discounts_who_always_says_left(people: People) -> None:
    steady, lefty, other = panel(people)
    pairs = [make_pair(people) for _ in range(16)]
    for number, pair in enumerate(pairs):
        truth, left = (2 if number % 2 else -2), "ab"[number // 2 % 2]
        say(pair, steady, truth, left=left)
        say(pair, other, truth, left=left)
        say(pair, lefty, 2 if left == "a" else -2, left=left)
    asked = make_pair(people)
    say(asked, steady, -2, left="a")
    say(asked, lefty, 2, left="a")
    assert build(people, "noisy_bradley_terry")[asked.pk].winner == "b"


def test_the_dataset_says_which_method_chose(people: People) -> None:
    pair = make_pair(people)
    for rater in panel(people):
        say(pair, rater, 2)
    recipe = saved_recipe(people.project, [{"step": "consensus_exists", "method": "three_most_similar"}])
    version = dataset_freeze(recipe=recipe, user=people.rita)
    assert version.card["consensus"] == "three_most_similar"
    page = people.client("rita").get("/p/helpfulness/datasets/1/").content.decode()
    assert "consensus by Three most similar" in page
