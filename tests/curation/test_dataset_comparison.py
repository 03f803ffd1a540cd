"""Two versions side by side: what came, went and changed, and why."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.dataset_compare import KINDS, difference_counts, differing_rows, measures, reasons, shares
from curation.models import DatasetComparison, DatasetVersion, Pair, Prompt, Rater
from curation.services.comparison_build import comparison_build, comparison_request
from curation.services.dataset_freeze import dataset_freeze
from tests.conftest import People
from tests.curation.recipe_data import (
    judge_both_orders,
    judged_pair,
    judged_project,
    ln_ches,
    saved_recipe,
)
from tests.factories import ProjectFactory, RaterFactory

pytestmark = pytest.mark.django_db
URL = "/p/helpfulness/datasets/compare/"


def freeze(people: People, steps: list[dict[str, Any]] | None = None) -> DatasetVersion:
    return dataset_freeze(recipe=saved_recipe(people.project, steps), user=people.rita)


def compared(people: People, old: DatasetVersion, new: DatasetVersion) -> None:
    """As a worker does it."""
    comparison_build(comparison_id=comparison_request(old=old, new=new, user=people.rita).pk)


def outvote(pair: Pair, p: float, n: int = 3) -> None:
    """More judges, who say P(a is better) = p."""
    for _ in range(n):
        judge_both_orders(pair, RaterFactory(project=pair.prompt.project), p)


@pytest.fixture
def versions(people: People) -> tuple[DatasetVersion, DatasetVersion, dict[str, Pair]]:
    """Between the two, one pair was judged anew and flips, one gets wider, one falls below the margin, one
    rises above it and one is new."""
    pairs = judged_project(people.project)
    named = dict(zip(("flips", "same", "rises"), pairs, strict=False))
    rater = Rater.objects.get()
    named |= {name: judged_pair(people.project, 0.8, rater=rater) for name in ("widens", "falls")}
    old = freeze(people)
    outvote(named["flips"], 0.1)
    outvote(named["rises"], 1.0)
    outvote(named["widens"], 1.0)
    outvote(named["falls"], 0.5)
    named["new"] = judged_pair(people.project, 0.9, rater=rater)
    return old, freeze(people), named


def test_it_works(people: People, versions: tuple[DatasetVersion, DatasetVersion, dict[str, Pair]]) -> None:
    old, new, pairs = versions
    found = {kind: differing_rows(old, new, kind) for kind in KINDS}
    assert {kind: [row.pair for row in rows] for kind, rows in found.items()} == {
        "added": sorted((pairs["rises"], pairs["new"]), key=lambda pair: new.rows.get(pair=pair).position),
        "removed": [pairs["falls"]],
        "flipped": [pairs["flips"]],
        "changed": [pairs["widens"]],
    }
    assert difference_counts(old, new) == {"added": 2, "removed": 1, "flipped": 1, "changed": 1}
    assert dict(reasons(old, new, "added")) == {
        "margin below 0.3": 1,
        "the pair was built after v1 was frozen": 1,
    }
    assert reasons(old, new, "removed") == [("margin below 0.3", 1)]
    (flipped,) = found["flipped"]
    assert (flipped.old_chosen, flipped.n_between) == (pairs["flips"].response_a_id, 6)
    compared(people, old, new)
    page = people.client("rita").get(URL, {"kind": "flipped"}).content.decode()
    assert "The other response chosen" in page
    assert "6 judgments between the two freezes" in page
    assert "margin 0.80 →" in page


def test_reasons_narrow_the_list(
    people: People, versions: tuple[DatasetVersion, DatasetVersion, dict[str, Pair]]
) -> None:
    old, new, pairs = versions
    compared(people, old, new)
    page = people.client("rob").get(URL, {"kind": "added", "why": "margin below 0.3"}).context["page"]
    assert [row.pair for row in page] == [pairs["rises"]]
    assert page.paginator.count == 1
    nowhere = people.client("rob").get(URL, {"kind": "added", "why": "no such reason"})
    assert "No such row." in nowhere.content.decode()


def test_every_measure_is_in_the_direction_of_the_chosen_response(people: People) -> None:
    a_wins, b_wins, *_ = judged_project(people.project)
    producer = ln_ches(people.project, {a_wins: 1.0, b_wins: 5.0})
    old = freeze(people)
    new = freeze(
        people,
        [{"step": "consensus_exists"}, {"step": "drop_top_ln_ches", "percent": 100, "keep_missing": True}],
    )  # keeps what nobody scored, and nothing else
    found = {measure.label: measure for measure in measures(old, new)}
    scored = found[str(producer)]
    assert scored.new is None
    assert scored.old is not None
    assert (scored.old.n, scored.old.mean, scored.old.median) == (2, -2.0, -2.0)  # 1 and −5
    margin = found["margin"]
    assert margin.old is not None
    assert margin.old.mean == pytest.approx(0.8)
    assert [title for title, _ in shares(old, new)][:2] == ["Split", "Category"]


def test_the_same_rows_twice_differ_in_nothing(people: People) -> None:
    judged_project(people.project)
    old, new = freeze(people), freeze(people)
    assert set(difference_counts(old, new).values()) == {0}
    compared(people, old, new)
    page = people.client("rita").get(URL)
    assert "byte for byte" in page.content.decode()
    assert (page.context["old"], page.context["new"]) == (old, new)


def test_a_prompt_that_became_gold_is_named(people: People) -> None:
    pair, *_ = judged_project(people.project)
    old = freeze(people)
    Prompt.objects.filter(pk=pair.prompt_id).update(split="gold")
    new = freeze(people)
    (removed,) = differing_rows(old, new, "removed")
    compared(people, old, new)
    assert list(people.client("rita").get(URL).context["page"]) == [removed]  # the first kind that has rows
    assert removed.why == "its prompt had become a gold prompt when v2 was frozen"
    (added,) = differing_rows(new, old, "added")
    assert added.why == removed.why


def test_fewer_than_two_versions(people: People) -> None:
    client = people.client("rita")
    assert "this project has 0" in client.get(URL).content.decode()
    judged_project(people.project)
    freeze(people)
    assert "this project has 1" in client.get(URL).content.decode()
    assert "Compare two versions" not in client.get("/p/helpfulness/datasets/").content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"old": 1, "new": 1}, "Choose two different versions"),
        ({"old": 1, "new": 99}, "Select a valid choice"),
        ({"old": "x", "new": 2}, "Select a valid choice"),
        ({"old": 1, "new": 2, "kind": "sideways"}, ""),
    ],
)
def test_what_cannot_be_compared(people: People, query: dict[str, Any], words: str) -> None:
    judged_project(people.project)
    freeze(people), freeze(people)
    client = people.client("rita")
    for page in (client.get(URL, query), client.post(f"{URL}build/", query)):
        assert page.status_code == 400
        assert words in page.content.decode()
    assert not DatasetComparison.objects.exists()


def test_versions_of_another_project_are_no_choice(people: People) -> None:
    judged_project(people.project)
    freeze(people), freeze(people)
    other = ProjectFactory()
    judged_project(other)
    for _ in range(3):
        dataset_freeze(recipe=saved_recipe(other), user=None)
    client = people.client("rita")
    assert client.get(URL, {"old": 1, "new": 3}).status_code == 400
    assert client.post(f"{URL}build/", {"old": 1, "new": 3}).status_code == 400
    elsewhere = URL.replace("helpfulness", other.slug)
    assert client.get(elsewhere, {"old": 1, "new": 2}).status_code == 404
    assert client.post(f"{elsewhere}build/", {"old": 1, "new": 2}).status_code == 404
    assert not DatasetComparison.objects.exists()


def test_a_version_s_page_leads_there_and_to_the_same_recipe_anew(people: People) -> None:
    judged_project(people.project)
    freeze(people)
    second = freeze(people)
    client = people.client("rita")
    page = client.get(f"/p/helpfulness/datasets/{second.number}/").content.decode()
    assert compares(page, old=1, new=2)
    assert f"/recipes/{second.recipe_id}/run/" in page
    assert "Same recipe" not in people.client("rob").get("/p/helpfulness/datasets/1/").content.decode()
    assert compares(client.get("/p/helpfulness/datasets/1/").content.decode(), old=2, new=1)


def compares(page: str, *, old: int, new: int) -> bool:
    """Whether a button has these two versions compared."""
    sent = f'<input type="hidden" name="old" value="{old}"><input type="hidden" name="new" value="{new}">'
    return f'action="{URL}build/"' in page and sent in page


def test_query_budget_does_not_grow(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    judged_project(people.project)
    client, versions = people.client("rita"), [freeze(people)]
    for n in (1, 12):
        for _ in range(n):
            judged_pair(people.project, 0.9)
        versions.append(freeze(people))
        compared(people, *versions[-2:])
        client.get(URL)
        with django_assert_max_num_queries(18):
            assert len(client.get(URL).context["page"]) == n


def test_a_weight_or_a_block_of_its_own_is_a_change(people: People) -> None:
    judged_project(people.project)
    plain = freeze(people, [{"step": "consensus_exists"}])
    steps: list[dict[str, Any]] = [
        {"step": "consensus_exists"},
        {"step": "weight", "rule": "certainty"},
        {"step": "curriculum", "scheme": "global", "blocks": 2},
    ]
    set_apart = freeze(people, steps)
    assert difference_counts(plain, set_apart)["changed"] == plain.n_rows
    compared(people, plain, set_apart)
    page = people.client("rob").get(URL, {"kind": "changed"}).content.decode()
    assert "weight 1.00 →" in page
    assert "block none → 1" in page
    assert "block none → 2" in page
