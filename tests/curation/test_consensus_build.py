"""Consensus rows follow the judgments that stand."""

from __future__ import annotations

from itertools import product

import pytest
from django.db import connection

from curation.consensus_methods import consensus_methods
from curation.errors import CurationError
from curation.models import Consensus, Project
from curation.services.consensus_build import consensus_build
from curation.services.consensus_refresh import consensus_refresh
from curation.services.rater_exclude import rater_exclude, rater_include
from tests.conftest import People
from tests.curation.recipe_data import judged_pair, judged_project
from tests.factories import JudgmentFactory, PairFactory, ProjectFactory, RaterFactory, person_rater

pytestmark = pytest.mark.django_db


def test_it_works(people: People) -> None:
    pairs = judged_project(people.project)
    assert consensus_build(project=people.project) == 5
    found = {row.pair_id: row for row in Consensus.objects.all()}
    assert [found[pair.pk].winner for pair in pairs] == ["a", "b", "a", "", "a"]
    assert found[pairs[1].pk].probability == pytest.approx(0.1)
    assert found[pairs[1].pk].margin == pytest.approx(0.8)
    assert found[pairs[1].pk].votes["judges"] == 1


@pytest.mark.parametrize("method", [each.name for each in consensus_methods() if each.per_pair])
@pytest.mark.parametrize("at_once", [1, 2, 3, 7])
def test_parts_come_to_what_the_whole_does(
    people: People, monkeypatch: pytest.MonkeyPatch, method: str, at_once: int
) -> None:
    pairs = judged_project(people.project)
    judged_project(ProjectFactory())
    for pair, rater in product(pairs[:4], RaterFactory.create_batch(3, project=people.project)):
        JudgmentFactory(pair=pair, rater=rater, preference=1 + rater.pk % 3)
    pairs_known = consensus_build(project=people.project, method=method)
    fields = ("pair", "winner", "probability", "margin", "votes")
    whole = list(Consensus.objects.order_by("pair").values_list(*fields))
    assert len(whole) == pairs_known == 5
    Consensus.objects.all().delete()
    monkeypatch.setattr("curation.services.consensus_build.PAIRS_AT_ONCE", at_once)
    assert consensus_build(project=people.project, method=method) == pairs_known
    assert list(Consensus.objects.order_by("pair").values_list(*fields)) == whole
    before = set(Consensus.objects.values_list("pk", "computed_at"))
    consensus_build(project=people.project, method=method)
    assert set(Consensus.objects.values_list("pk", "computed_at")) == before


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


def test_a_refresh_builds_only_where_something_may_have_changed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def counting(*, project: Project, method: str) -> int:
        built.append(method)
        return consensus_build(project=project, method=method)

    monkeypatch.setattr("curation.services.consensus_refresh.consensus_build", counting)

    def refresh() -> int:
        """How often it built."""
        built.clear()
        consensus_refresh(project=people.project, method="majority")
        return len(built)

    pair = judged_pair(people.project, 0.9)
    assert [refresh(), refresh()] == [1, 0]
    assert Consensus.objects.get().winner == "a"
    rater = person_rater(people.anna, people.project)
    JudgmentFactory(pair=pair, rater=rater, left="a", preference=1)
    assert [refresh(), refresh()] == [1, 0]
    rater_exclude(rater=rater, user=people.rita, reason="Guesses")
    assert [refresh(), refresh()] == [1, 0]
    rater_include(rater=rater, user=people.rita)
    assert [refresh(), refresh()] == [1, 0]
    consensus_refresh(project=people.project, method="mean_probability")
    assert built == ["mean_probability"]


def test_a_refresh_sees_what_came_and_went_while_another_built(people: People) -> None:
    """The raters that count are those of the last refresh again, but not those of the last build."""
    pair = judged_pair(people.project, 0.9)
    rater = person_rater(people.anna, people.project)
    JudgmentFactory(pair=pair, rater=rater, left="a", preference=-3)
    consensus_refresh(project=people.project, method="majority")
    rater_exclude(rater=rater, user=people.rita, reason="Guesses")
    consensus_build(project=people.project, method="majority")
    assert Consensus.objects.get().winner == "a"
    rater_include(rater=rater, user=people.rita)
    consensus_refresh(project=people.project, method="majority")
    assert Consensus.objects.get().winner == ""


def test_a_judgment_that_lands_late_under_an_earlier_id_is_seen(people: People) -> None:
    judged_pair(people.project, 0.9)
    rater = RaterFactory(project=people.project)
    first, second = (JudgmentFactory(pair=judged_pair(people.project, None), rater=rater) for _ in range(2))
    with connection.cursor() as cursor:  # what its transaction has not committed yet is not there
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("CREATE TEMP TABLE late AS SELECT * FROM curation_judgment WHERE id = %s", [first.pk])
        cursor.execute("DELETE FROM curation_judgment WHERE id = %s", [first.pk])
        consensus_refresh(project=people.project, method="majority")
        cursor.execute("INSERT INTO curation_judgment SELECT * FROM late")
    consensus_refresh(project=people.project, method="majority")
    found = Consensus.objects.filter(method="majority", pair__in=[first.pair_id, second.pair_id])
    assert found.count() == 2


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
