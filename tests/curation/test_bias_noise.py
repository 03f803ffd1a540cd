"""What a bias report says of a version's labels, and what the version's card repeats of it."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest

from curation.models import DatasetVersion, Judgment, Pair
from curation.services.dataset_freeze import dataset_freeze
from curation.services.rater_exclude import rater_exclude, rater_include
from tests.conftest import People
from tests.curation.recipe_data import judge_both_orders, saved_recipe
from tests.curation.test_bias import computed, page_of, preferred
from tests.factories import JudgmentFactory, RaterFactory

pytestmark = pytest.mark.django_db


def frozen_again(people: People) -> DatasetVersion:
    """What `preferred` froze, with all that was judged since."""
    return dataset_freeze(recipe=saved_recipe(people.project, [{"step": "consensus_exists"}]), user=None)


def test_label_noise_counts_raters_once(people: People) -> None:
    preferred(people.project, 4)
    second, third = RaterFactory.create_batch(2, project=people.project)
    pairs = list(Pair.objects.order_by("id"))
    for place, pair in enumerate(pairs):
        JudgmentFactory(pair=pair, rater=second, preference=2 if place else -1)
    JudgmentFactory(pair=pairs[1], rater=third, outcome="tie", preference=None)
    version = frozen_again(people)
    noise = computed(version)["noise"]
    assert (noise["against"]["value"], noise["against"]["n"]) == (
        1 / 8,
        8,
    )  # the judge's two orders are one vote
    assert (noise["differ"]["value"], noise["differ"]["n"]) == (1 / 4, 4)
    error = (1 - 0.5**0.5) / 2
    assert noise["error"]["value"] == pytest.approx(error)
    assert noise["flip"]["value"] == pytest.approx(error)  # two votes: a draw is half wrong
    wrong = [1 - row.soft_label for row in version.rows.all()]
    assert noise["soft"]["value"] == pytest.approx(sum(wrong) / 4)
    assert (noise["n_ties"], noise["rows_with_several"]) == (1, 4)


def test_one_rater_has_nobody_to_disagree_with(people: People) -> None:
    noise = computed(preferred(people.project, 2))["noise"]
    assert noise["error"] == {
        "value": None, "low": None, "high": None, "n": 0, "reason": "no pair has votes of two raters",
    }  # fmt: skip
    assert noise["flip"]["reason"] == "no pair has votes of two raters"
    assert "not defined: no pair has votes of two raters" in page_of(people)


def test_the_agreement_of_a_frozen_version_never_changes(people: People) -> None:
    preferred(people.project, 10)
    second, third = (RaterFactory(project=people.project) for _ in range(2))
    for place, pair in enumerate(Pair.objects.order_by("id")):
        judge_both_orders(pair, second, 0.9 if place % 3 else 0.3)
    JudgmentFactory(pair=pair, rater=third, left="a", preference=-2)
    rater_exclude(rater=third, user=people.alice, reason="clicks at random")
    version = frozen_again(people)
    before = computed(version)["noise"]
    assert (before["rows"], before["rows_with_several"]) == (version.n_rows, version.n_rows)
    with patch("django.utils.timezone.now", return_value=version.created_at - timedelta(days=900)):
        later = RaterFactory(project=people.project)
        for pair in Pair.objects.all():
            judge_both_orders(pair, later, 0.1)
    for judgment in Judgment.objects.filter(rater=second):
        JudgmentFactory(
            pair=judgment.pair, rater=second, left=judgment.left, outcome="withdrawn", preference=None,
            supersedes=judgment,
        )  # fmt: skip
    rater_exclude(rater=second, user=people.alice, reason="in a hurry")
    rater_include(rater=third, user=people.alice)
    assert computed(version)["noise"] == before


def test_the_card_of_a_version_says_what_the_report_found(people: People) -> None:
    preferred(people.project, 30)
    other = RaterFactory(project=people.project, label="judge v2")
    for place, pair in enumerate(Pair.objects.order_by("id")):
        judge_both_orders(pair, other, 0.9 if place % 3 else 0.3)
    detail = "/p/helpfulness/datasets/2/"
    version = frozen_again(people)
    assert "Not computed yet" in people.client("rob").get(detail).content.decode()
    report = computed(version)
    agree, *_, looks = people.client("rob").get(detail).context["known"]
    assert agree["value"] == pytest.approx(1 - report["noise"]["differ"]["value"]) == pytest.approx(2 / 3)
    assert agree["low"] < agree["value"] < agree["high"]
    assert looks["value"] == report["separation"]["surface"]["auc"]["value"]
