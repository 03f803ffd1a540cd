"""Consensus rows follow the judgments that stand."""

from __future__ import annotations

import pytest

from curation.errors import CurationError
from curation.models import Consensus
from curation.services.consensus_build import consensus_build
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project
from tests.factories import JudgmentFactory, PairFactory, person_rater

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    pairs = judged_project(people.project)
    assert consensus_build(project=people.project) == 5
    found = {row.pair_id: row for row in Consensus.objects.all()}
    assert [found[pair.pk].winner for pair in pairs] == ["a", "b", "a", "", "a"]
    assert found[pairs[1].pk].probability == pytest.approx(0.1)
    assert found[pairs[1].pk].margin == pytest.approx(0.8)
    assert found[pairs[1].pk].votes["judges"] == 1


def test_an_unchanged_row_is_left_alone(people: People) -> None:
    judged_pair(people.project, 0.9)
    consensus_build(project=people.project)
    before = Consensus.objects.get()
    consensus_build(project=people.project)
    after = Consensus.objects.get()
    assert (after.pk, after.computed_at) == (before.pk, before.computed_at)


def test_a_pair_whose_judgments_vanish_loses_its_row(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    rater = person_rater(people.anna, people.project)
    judgment = JudgmentFactory(pair=pair, rater=rater)
    other = judged_pair(people.project, 0.9)
    consensus_build(project=people.project)
    assert Consensus.objects.get(pair=pair).probability == pytest.approx(0.85)
    JudgmentFactory(pair=pair, rater=rater, outcome="withdrawn", preference=None, supersedes=judgment)
    assert consensus_build(project=people.project) == 1
    assert Consensus.objects.get().pair == other


def test_a_correction_replaces_what_it_supersedes(people: People) -> None:
    pair = PairFactory(prompt__project=people.project)
    rater = person_rater(people.anna, people.project)
    first = JudgmentFactory(pair=pair, rater=rater, left="b", preference=3)
    JudgmentFactory(pair=pair, rater=rater, left="b", preference=-1, supersedes=first)
    consensus_build(project=people.project)
    assert Consensus.objects.get().winner == "a"


def test_methods_and_projects_do_not_touch_each_other(people: People) -> None:
    judged_pair(people.project, 0.9)
    stranger = PairFactory()
    JudgmentFactory(pair=stranger)
    consensus_build(project=stranger.prompt.project)
    consensus_build(project=people.project)
    consensus_build(project=people.project, method="majority")
    assert Consensus.objects.count() == 3
    assert Consensus.objects.get(method="majority").margin == 1.0


def test_an_unknown_method_is_refused(people: People) -> None:
    with pytest.raises(CurationError, match="Choose one of"):
        consensus_build(project=people.project, method="vibes")
