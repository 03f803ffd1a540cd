"""Two recipes side by side: which steps came, went, moved or changed."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from curation.models import FilterRecipe
from curation.services.recipe_save import recipe_save
from tests.conftest import People
from tests.curation.recipe_data import saved_recipe
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db
URL = "/p/helpfulness/recipes/compare/"
FIRST = {"step": "consensus_exists"}
MARGIN, LENGTHS = {"step": "min_margin", "margin": 0.3}, {"step": "length_ratio"}


@pytest.fixture
def versions(people: People) -> tuple[FilterRecipe, FilterRecipe]:
    """Between the two a step goes, one comes, and one moves to the end with another threshold."""
    old = saved_recipe(people.project, [FIRST, MARGIN, LENGTHS, {"step": "decontaminate"}])
    new = [FIRST, {"step": "decontaminate"}, {"step": "exact_duplicates"}, MARGIN | {"margin": 0.5}]
    return old, saved_recipe(people.project, new)


def test_it_works(people: People, versions: tuple[FilterRecipe, FilterRecipe]) -> None:
    old, new = versions
    response = people.client("rob").get(URL, {"old": old.pk, "new": new.pk})
    rows = [(row["label"], row["old"], row["new"], row["words"]) for row in response.context["rows"]]
    assert rows == [
        ("Consensus exists", 1, 1, ("unchanged",)),
        ("Length ratio", 3, None, ("removed",)),
        ("Decontaminate", 4, 2, ("unchanged",)),
        ("Drop exact duplicates", None, 3, ("added",)),
        ("Minimum margin", 2, 4, ("moved", "changed")),
    ]
    assert response.context["counts"] == [
        ("added", 1), ("removed", 1), ("moved", 1), ("changed", 1), ("unchanged", 2),
    ]  # fmt: skip
    page = response.content.decode()
    assert "Clean v1 and Clean v2" in page
    assert "Margin: 0.3 → 0.5" in page
    assert "Compare within a prompt only: no<" in page
    assert "Method: Mean probability<" in page


def test_who_may_look(people: People, versions: tuple[FilterRecipe, FilterRecipe]) -> None:
    query = dict(zip(("old", "new"), (recipe.pk for recipe in versions), strict=True))
    statuses = {"alice": 200, "rita": 200, "rob": 200, "anna": 404, "charlie": 404, "anonymous": 302}
    for person, status in statuses.items():
        assert people.client(person).get(URL, query).status_code == status, person


def test_recipes_of_another_project_are_not_found(
    people: People, versions: tuple[FilterRecipe, FilterRecipe]
) -> None:
    elsewhere = saved_recipe(ProjectFactory(), [FIRST])
    client = people.client("rita")
    for query in ({"old": elsewhere.pk}, {"new": elsewhere.pk}, {"old": 2**63}, {"new": "x"}):
        assert client.get(URL, query).status_code == 404, query
    names = [str(label) for _, label in client.get(URL).context["form"].fields["old"].choices]
    assert names == ["Clean v2", "Clean v1"]


def test_a_recipe_is_not_compared_with_itself(
    people: People, versions: tuple[FilterRecipe, FilterRecipe]
) -> None:
    old, _ = versions
    response = people.client("rita").get(URL, {"old": old.pk, "new": old.pk})
    assert response.status_code == 400
    assert "Choose two different recipes" in response.content.decode()


def test_without_a_choice_the_last_saved_and_the_version_before(
    people: People, versions: tuple[FilterRecipe, FilterRecipe]
) -> None:
    client = people.client("rita")
    context = client.get(URL).context
    assert (context["old"], context["new"]) == versions
    strict = recipe_save(project=people.project, name="Strict", steps=[FIRST, MARGIN], user=None)
    context = client.get(URL).context
    assert (context["old"], context["new"]) == (versions[1], strict)
    again = recipe_save(project=people.project, name="Clean", steps=[FIRST], user=None)
    context = client.get(URL).context
    assert (context["old"], context["new"]) == (versions[1], again)


def test_two_recipes_with_the_same_steps(people: People) -> None:
    first = saved_recipe(people.project, [FIRST, MARGIN])
    recipe_save(project=people.project, name="Same", steps=first.steps, user=None)
    response = people.client("rita").get(URL)
    assert "Both have the same steps" in response.content.decode()
    assert dict(response.context["counts"])["unchanged"] == 2


def test_fewer_than_two_recipes(people: People) -> None:
    client = people.client("rita")
    assert "this project has 0" in client.get(URL).content.decode()
    recipe = saved_recipe(people.project, [FIRST])
    assert "this project has 1" in client.get(URL).content.decode()
    assert "Compare two" not in client.get("/p/helpfulness/recipes/").content.decode()
    assert "Compare with" not in client.get(f"/p/helpfulness/recipes/{recipe.pk}/").content.decode()


def test_links_lead_from_older_to_newer(people: People, versions: tuple[FilterRecipe, FilterRecipe]) -> None:
    client = people.client("rob")
    link = f"{URL}?old={versions[0].pk}&amp;new={versions[1].pk}"
    for recipe, other in (versions, versions[::-1]):
        page = client.get(f"/p/helpfulness/recipes/{recipe.pk}/").content.decode()
        assert f'{link}">Compare with v{other.version}' in page
    assert "Compare two recipes" in client.get("/p/helpfulness/recipes/").content.decode()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"step": "score_threshold", "max": 5.0}, {"step": "score_threshold", "min": 1.0}, "Min: none → 1"),
        ({"step": "licence", "licences": [""]}, {"step": "licence", "licences": ["MIT"]}, "no licence → MIT"),
        ({"step": "score_slice"}, {"step": "score_slice", "scorer": "length_gap"}, "ln-CHES → Length gap"),
    ],
)
def test_values_are_named_as_on_the_recipe_page(
    people: People, before: dict[str, Any], after: dict[str, Any], words: str
) -> None:
    for step in (before, after):
        saved_recipe(people.project, [FIRST, step])
    assert words in people.client("rita").get(URL).content.decode()


def test_its_queries_do_not_grow(
    people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = people.client("rita")
    for n in range(1, 6):
        saved_recipe(people.project, [FIRST, *[MARGIN] * n])
        if n > 1:
            # session, user, membership, newest, its versions, both chosen, two lists twice, the header's two
            with django_assert_max_num_queries(13):
                client.get(URL)
