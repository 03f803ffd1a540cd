"""Why a pair's row differs between two versions: one test for each cause."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from curation.dataset_compare import differing_rows, reasons
from curation.models import DatasetVersion, Judgment, Pair, PairScore, Prompt, Rater
from curation.services.comparison_build import comparison_build, comparison_request
from curation.services.dataset_freeze import dataset_freeze
from curation.services.judgment_record import judgment_record
from curation.services.rater_exclude import rater_exclude, rater_include
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, judged_pair, ln_ches, saved_recipe
from tests.factories import RaterFactory

pytestmark = pytest.mark.django_db
CONSENSUS = {"step": "consensus_exists"}
JUDGED = "judgments were given, corrected or taken back"


def freeze(people: People, *steps: dict[str, Any], method: str = "mean_probability") -> DatasetVersion:
    recipe = saved_recipe(people.project, [{**CONSENSUS, "method": method}, *steps])
    return dataset_freeze(recipe=recipe, user=None)


def whys(old: DatasetVersion, new: DatasetVersion) -> dict[str, list[str]]:
    """Why rows flipped or changed, by kind."""
    return {
        kind: found
        for kind in ("flipped", "changed")
        if (found := [row.why for row in differing_rows(old, new, kind)])
    }


def said(old: DatasetVersion, new: DatasetVersion) -> set[str]:
    return {why for found in whys(old, new).values() for why in found}


@pytest.fixture
def pair(people: People) -> Pair:
    return judged_pair(people.project, 0.9)


def test_it_works(people: People, pair: Pair) -> None:
    steady = judged_pair(people.project, 0.8)
    old = freeze(people)
    judge_both_orders(pair, RaterFactory(project=people.project), 0.0)
    new = freeze(people)
    assert whys(old, new) == {"flipped": [JUDGED]}
    assert reasons(old, new, "flipped") == [(JUDGED, 1)]
    assert reasons(old, new, "changed") == []
    assert new.rows.filter(pair=steady).exists()
    comparison_build(comparison_id=comparison_request(old=old, new=new, user=None).pk)
    query = {"kind": "flipped", "why": JUDGED}
    page = people.client("rob").get("/p/helpfulness/datasets/compare/", query)
    assert [row.pair for row in page.context["page"]] == [pair]
    assert f"{JUDGED}; 2 judgments between the two freezes" in page.content.decode()


def test_judgments_of_an_older_date_that_came_later_count(people: People, pair: Pair) -> None:
    old = freeze(people)
    with patch("django.utils.timezone.now", return_value=old.created_at - timedelta(days=900)):
        judge_both_orders(pair, RaterFactory(project=people.project), 0.0)
    assert Judgment.objects.filter(created_at__lt=old.created_at).count() == 4
    new = freeze(people)
    (row,) = differing_rows(old, new, "flipped")
    assert (row.n_between, row.why) == (2, JUDGED)


def test_judgments_that_came_after_both_are_not_counted(people: People, pair: Pair) -> None:
    old = freeze(people)
    judge_both_orders(pair, RaterFactory(project=people.project), 0.0)
    new = freeze(people)
    judge_both_orders(pair, RaterFactory(project=people.project), 0.0)
    for before, after in ((old, new), (new, old)):
        (row,) = differing_rows(before, after, "flipped")
        assert row.n_between == 2


def test_a_reviewer_decided(people: People, pair: Pair) -> None:
    old = freeze(people)
    rater = RaterFactory(project=people.project, kind=Rater.Kind.PERSON, user=people.rob)
    decision = judgment_record(
        pair=pair, rater=rater, left="a", outcome="preferred", preference=-3, source="adjudicated"
    )
    new = freeze(people)
    decided = "a reviewer decided, or took a decision back"
    assert whys(old, new) == {"flipped": [decided]}
    judgment_record(
        pair=pair, rater=rater, left="a", outcome="withdrawn", source="adjudicated", supersedes=decision
    )
    assert whys(new, freeze(people)) == {"flipped": [decided]}


def test_a_rater_was_left_out_and_taken_back(people: People, pair: Pair) -> None:
    other = RaterFactory(project=people.project)
    for _ in range(2):
        judge_both_orders(pair, other, 0.0)
    bystander = RaterFactory(project=people.project)
    judged_pair(people.project, 0.7, rater=bystander)
    first = freeze(people)
    rater_exclude(rater=other, user=people.alice, reason="clicks at random")
    second = freeze(people)
    rater_include(rater=other, user=people.alice)
    third = freeze(people)
    out, back = "a rater was left out", "a rater was taken back in"
    assert said(first, second) == {out}
    assert said(second, third) == {back}


def test_another_consensus(people: People, pair: Pair) -> None:
    old = freeze(people)
    assert whys(old, freeze(people, method="majority")) == {
        "changed": ["another consensus: Mean probability → Majority"]
    }


def test_a_consensus_that_learns_from_other_pairs(people: People) -> None:
    raters = [RaterFactory(project=people.project) for _ in range(3)]
    pairs = [judged_pair(people.project, 0.9, rater=raters[0]) for _ in range(4)]
    for pair in pairs:
        for rater, p in zip(raters[1:], (0.9, 0.2), strict=True):
            judge_both_orders(pair, rater, p)
    old = freeze(people, method="dawid_skene")
    judge_both_orders(judged_pair(people.project, 0.9, rater=raters[2]), raters[1], 0.1)
    new = freeze(people, method="dawid_skene")
    learns = "the consensus learns from all pairs, and what it learns from has changed"
    assert said(old, new) == {learns}


def test_steps_that_set_the_numbers_in_another_way(people: People, pair: Pair) -> None:
    plain = freeze(people)
    otherwise = freeze(
        people, {"step": "training_margin", "scale": 2.0}, {"step": "hold_out", "percent": 100}
    )
    assert whys(plain, otherwise) == {
        "changed": ["the recipe sets the margin in another way; the recipe sets the split in another way"]
    }


def test_scores_that_were_computed_again_or_by_another(people: People, pair: Pair) -> None:
    step = {"step": "soft_label", "rule": "bradley_terry", "scorer": "ln_ches"}
    ln_ches(people.project, {pair: 1.0})
    first = freeze(people, step)
    PairScore.objects.all().delete()
    ln_ches(people.project, {pair: 2.0})
    second = freeze(people, step)
    assert whys(first, second) == {"changed": ["ln-CHES was computed again"]}
    ln_ches(people.project, {pair: 3.0}, fingerprint="g")
    assert whys(second, freeze(people, step)) == {"changed": ["ln-CHES by another producer"]}


def test_a_prompt_that_was_moved(people: People, pair: Pair) -> None:
    old = freeze(people)
    Prompt.objects.update(split="eval")
    assert whys(old, freeze(people)) == {"changed": ["the prompt was moved to another split"]}


def test_what_nothing_tells(people: People, pair: Pair) -> None:
    judged_pair(people.project, 0.8)
    step = {"step": "weight", "rule": "certainty", "mean_one": True}
    old = freeze(people, step)
    judged_pair(people.project, 0.6)  # the mean moves
    assert whys(old, freeze(people, step)) == {"changed": ["not known", "not known"]}
