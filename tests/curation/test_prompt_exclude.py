"""Excluding a prompt: the act, its undo, and everything that then passes the prompt over."""

from __future__ import annotations

import pytest

from curation.errors import CurationError
from curation.models import DroppedPair, Prompt, PromptExclusion
from curation.services.dataset_freeze import EmptyDatasetError, dataset_freeze
from curation.services.prompt_exclude import prompt_exclude, prompt_include
from curation.services.recipe_run import recipe_run
from tests.conftest import People
from tests.curation.recipe_data import judged_project, saved_recipe
from tests.factories import PromptFactory

pytestmark = pytest.mark.django_db


def url(prompt: Prompt, act: str = "") -> str:
    return f"/p/helpfulness/prompts/{prompt.pk}/{act}"


def test_it_works(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    client = people.client("rita")
    client.post(url(prompt, "exclude/"), {"reason": "Names a real person"})
    assert not Prompt.objects.included().exists()
    page = client.get(url(prompt)).content.decode()
    assert "Names a real person" in page
    assert "Use it again" in page
    assert "Excluded" in client.get("/p/helpfulness/prompts/", {"excluded": "yes"}).content.decode()
    assert "No prompt matches" in client.get("/p/helpfulness/prompts/", {"excluded": "no"}).content.decode()
    client.post(url(prompt, "include/"))
    assert list(Prompt.objects.included()) == [prompt]
    exclusion = prompt.exclusions.get()
    assert (exclusion.created_by, exclusion.lifted_by) == (people.rita, people.rita)
    assert "Names a real person" in client.get(url(prompt)).content.decode()


@pytest.mark.parametrize("name", ["rob", "anna", "charlie"])
def test_only_researchers_exclude(people: People, name: str) -> None:
    prompt = PromptFactory(project=people.project)
    for act in ("exclude/", "include/"):
        assert people.client(name).post(url(prompt, act), {"reason": "x"}).status_code == 404
    assert not PromptExclusion.objects.exists()


def test_reviewers_see_the_history_without_its_buttons(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    assert "Whether it is used" not in people.client("rob").get(url(prompt)).content.decode()
    prompt_exclude(prompt=prompt, user=people.rita, reason="Spam")
    page = people.client("rob").get(url(prompt)).content.decode()
    assert "Spam" in page
    assert "Use it again" not in page


def test_each_act_needs_the_state_it_leaves(people: People) -> None:
    prompt = PromptFactory(project=people.project)
    with pytest.raises(CurationError, match="in use already"):
        prompt_include(prompt=prompt, user=people.rita)
    for reason in ("  ", "x" * 151):
        with pytest.raises(CurationError, match="Say why"):
            prompt_exclude(prompt=prompt, user=people.rita, reason=reason)
    prompt_exclude(prompt=prompt, user=people.rita, reason="Spam")
    with pytest.raises(CurationError, match="excluded already"):
        prompt_exclude(prompt=prompt, user=people.rita, reason="Again")
    page = people.client("rita").post(url(prompt, "exclude/"), {"reason": "x"}, follow=True)
    assert "excluded already" in page.content.decode()


def test_a_funnel_counts_excluded_pairs_first(people: People) -> None:
    pairs = judged_project(people.project)
    recipe = saved_recipe(people.project)
    before = recipe_run(recipe=recipe, user=None)
    assert [step["step"] for step in before.funnel] == ["consensus_exists", "min_margin"]
    prompt_exclude(prompt=pairs[0].prompt, user=people.rita, reason="Spam")
    run = recipe_run(recipe=recipe, user=None)
    first = run.funnel[0]
    assert (first["step"], first["kept"], first["dropped"]) == ("not_excluded", 3, 1)
    assert first["reasons"] == {"prompt excluded: Spam": 1}
    assert run.pairs_in == 4
    assert run.pairs_kept == before.pairs_kept - 1
    assert run.pairs_in == run.pairs_kept + sum(step["dropped"] for step in run.funnel)
    page = people.client("rita").get(f"/p/helpfulness/recipe-runs/{run.pk}/").content.decode()
    assert "prompt excluded: Spam" in page


def test_a_freeze_records_why(people: People) -> None:
    pairs = judged_project(people.project)
    prompt_exclude(prompt=pairs[0].prompt, user=people.rita, reason="Spam")
    version = dataset_freeze(recipe=saved_recipe(people.project), user=people.rita)
    assert version.n_rows + version.n_dropped == 4
    drop = DroppedPair.objects.get(version=version, pair=pairs[0])
    assert (drop.step_index, drop.step, drop.reason) == (0, "not_excluded", "prompt excluded: Spam")
    assert not version.rows.filter(pair=pairs[0]).exists()
    page = people.client("rita").get(f"/p/helpfulness/datasets/{version.number}/dropped/?step=0")
    assert "prompt excluded: Spam" in page.content.decode()


def test_the_longest_reason_fits_a_drop(people: People) -> None:
    pairs = judged_project(people.project)
    prompt_exclude(prompt=pairs[0].prompt, user=people.rita, reason="x" * 150)
    dataset_freeze(recipe=saved_recipe(people.project), user=people.rita)
    assert DroppedPair.objects.filter(reason__endswith="x" * 150).exists()


def test_nothing_is_left_to_freeze(people: People) -> None:
    for pair in judged_project(people.project):
        prompt_exclude(prompt=pair.prompt, user=people.rita, reason="Spam")
    with pytest.raises(EmptyDatasetError, match="Prompt not excluded"):
        dataset_freeze(recipe=saved_recipe(people.project), user=people.rita)
